// Crashes of every kind, many of each, beside a victim under load.

import { parseArgs } from "node:util";

import { UsageError } from "#runtime/usage-error.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { CRASH_KINDS, measureCrashes } from "./sharing/crashes.ts";
import type { CrashKind } from "./sharing/crashes.ts";

export const crashesBench: Bench = {
  summary:
    "crashes of every kind, contained and not: what a victim loses, how soon the app and the process are back; --each N, --kind NAME",
  run,
};

/** Enough for a hundred in all that one instance ends with, in about three minutes. */
const EACH = 8;
const EACH_MAX = 1_000;
const QUICK_KINDS: readonly CrashKind[] = ["throw", "exit", "endless-loop", "heap-exhaustion", "host-abort"];

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const { each, kinds } = parsed(argv, isQuick);
  const figures = { each, ...(await measureCrashes({ kinds, each, progress })) };
  const rows = Object.entries(figures.byKind).map(
    ([kind, { count, processes, backMsP50, backMsMax, stoppedMsMax, victimErrors }]) =>
      `${kind.padEnd(16)} ${count} crashes, ${processes} of the process; back after ${backMsP50} ms (at most ${backMsMax}), gone after at most ${stoppedMsMax} ms; victim's errors ${victimErrors ?? "not counted"}`,
  );
  const { count, victimErrors, victimRequests, appBackMsP50, appBackMsMax, processBackMs } = figures;
  const sum = `${count} crashes: an app is back after ${appBackMsP50} ms (at most ${appBackMsMax}), the process after at most ${processBackMs} ms; the victim lost ${victimErrors} of ${victimRequests} requests`;
  return { figures, table: [...rows, sum].join("\n") };
}

function parsed(
  argv: readonly string[],
  isQuick: boolean,
): { readonly each: number; readonly kinds: readonly CrashKind[] } {
  const { values } = readArgs(argv);
  const each = values.each === undefined ? (isQuick ? 1 : EACH) : Number(values.each);
  if (!Number.isInteger(each) || each < 1 || each > EACH_MAX) {
    throw new UsageError(`--each takes a number from 1 to ${EACH_MAX}, not "${values.each ?? ""}"`);
  }
  const unknown = values.kind?.find((name) => !CRASH_KINDS.some((kind) => kind === name));
  if (unknown !== undefined)
    throw new UsageError(`there is no kind "${unknown}"; there are: ${CRASH_KINDS.join(", ")}`);
  const { kind } = values;
  if (kind === undefined) return { each, kinds: isQuick ? QUICK_KINDS : CRASH_KINDS };
  return { each, kinds: CRASH_KINDS.filter((name) => kind.includes(name)) };
}

function readArgs(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { each: { type: "string" }, kind: { type: "string", multiple: true } },
    });
  } catch (error) {
    throw new UsageError(`crashes takes --each N and --kind NAME: ${(error as Error).message}`);
  }
}
