// Which clients reach the mesh with nothing but the injected environment, and what of it works, by client. No figure of
// time: a table for docs/guides/clients.md, made anew from what is installed here.

import { UsageError } from "#runtime/usage-error.ts";
import { textTable } from "#sim/report/text-table.ts";
import {
  type ClientResults,
  ClientTrial,
  EXPECTED,
  type ProgramName,
  PROGRAMS,
  versionOf,
} from "#test/clients/client-trial.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

export const clientsBench: Bench = {
  summary: "curl, Node, Python, Go and Java with nothing but the injected environment",
  run,
};

const CASES = ["hello", "kept", "echoed", "large", "redirected", "encrypted", "webSocket"] as const;

async function run({ argv, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`clients takes no ${unknown}`);
  const clients: Record<string, Readonly<Record<string, unknown>>> = {};
  const versions: Partial<Record<ProgramName, string | null>> = {};
  const skipped: Partial<Record<ProgramName, string>> = {};
  for (const name of Object.keys(PROGRAMS) as ProgramName[]) {
    progress(name);
    const version = await versionOf(name);
    versions[name] = version ?? null;
    if (version === undefined) skipped[name] = "not installed";
    else Object.assign(clients, await tried(name));
  }
  return { figures: { clients, versions, skipped }, table: table(clients) };
}

/** By client; each with proxies of its own, so that what they count is that program's. */
async function tried(
  name: ProgramName,
): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
  const ends: (() => unknown)[] = [];
  const trial = await ClientTrial.start({ after: (end: () => unknown) => void ends.push(end) } as never);
  try {
    const results = Object.entries((await trial.run(name)) ?? {});
    const requests = trial.counts();
    return Object.fromEntries(results.map(([client, found]) => [client, { ...verdicts(found), requests }]));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** true: as expected; for `kept`, that no further connection was opened. null: it was not tried. */
function verdicts(found: ClientResults): Readonly<Record<string, boolean | string | null>> {
  return Object.fromEntries(
    CASES.map((what) => {
      const result = found[what];
      if (result === undefined) return [what, null];
      const isGood = what === "kept" ? result === "0" : result === EXPECTED[what];
      return [what, isGood ? true : result.slice(0, RESULT_CHARACTERS_MAX)];
    }),
  );
}

const RESULT_CHARACTERS_MAX = 60;

function table(clients: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const rows = Object.entries(clients).map(([client, found]) =>
    [client, ...CASES.map((what) => cell(found[what]))].map((text) => ({ text })),
  );
  return textTable(["", ...CASES], rows, { hasColour: false });
}

function cell(verdict: unknown): string {
  if (verdict === null) return "–";
  return verdict === true ? "yes" : String(verdict);
}
