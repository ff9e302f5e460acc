// `npm run oracle:vpa`: random streams through upstream's packages and through our estimator, and how far they are apart.

import { z } from "zod";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { addDifferences, answerDifference, type Difference, NO_DIFFERENCE } from "./answer-difference.ts";
import { ourAnswers } from "./our-vpa.ts";
import { writeRecordedStreams } from "./recorded-streams.ts";
import { UpstreamVpa, upstreamVersion } from "./upstream-vpa.ts";
import type { VpaAnswer, VpaCommand } from "./vpa-command.ts";
import { type StreamOptions, vpaStream } from "./vpa-streams.ts";

const flags = z.strictObject({
  streams: z.int().min(1).max(100_000).default(1000).describe("how many random streams"),
  seed: z.int().default(1).describe("the first stream's seed; the others count up"),
  record: z
    .boolean()
    .default(false)
    .describe("write a few short streams to test/fixtures for the fast tests"),
  help: z.boolean().default(false).describe("this text"),
});

const LONG: Omit<StreamOptions, "seed"> = {
  daysMin: 14,
  daysMax: 21,
  // Mostly sparse: a thousand streams of a sample a minute would take a quarter of an hour.
  intervalMinutes: [1, 5, 15, 15, 15, 30, 60, 60],
};
const SHORT: Omit<StreamOptions, "seed"> = { daysMin: 14, daysMax: 16, intervalMinutes: [240, 360] };
const RECORDED_STREAMS = 16;
/** The first differences of a stream tell enough. */
const FAULTS_MAX = 5;
/** Sums of doubles in another order differ in their last digits. */
const WEIGHT_RELATIVE_MAX = 1e-9;

async function main(argv: readonly string[]): Promise<void> {
  const { streams, seed, record, help } = checkFlags(flags, readFlags(flags, argv));
  if (help)
    return void process.stdout.write(`Usage: npm run oracle:vpa -- [options]\n\n${describeFlags(flags)}\n`);
  const upstream = await UpstreamVpa.start((line) => void process.stderr.write(`${line}\n`));
  if (record) return recordStreams(upstream, seed);
  let commandCount = 0;
  let total = NO_DIFFERENCE;
  // One behind: the answers to a stream come once the next one begins.
  let before: Asked | undefined;
  for (let own = seed; own < seed + streams; own++) {
    const commands = vpaStream({ ...LONG, seed: own });
    commandCount += commands.length;
    await upstream.send(commands);
    const asked = { seed: own, answers: ourAnswers(commands) };
    if (before !== undefined) total = addDifferences(total, await compare(before, upstream));
    before = asked;
  }
  upstream.end();
  if (before !== undefined) total = addDifferences(total, await compare(before, upstream));
  report(total, { streams, commandCount });
}

interface Asked {
  readonly seed: number;
  readonly answers: readonly VpaAnswer[];
}

async function compare({ seed, answers }: Asked, upstream: UpstreamVpa): Promise<Difference> {
  let total = NO_DIFFERENCE;
  for (const ours of answers) total = addDifferences(total, answerDifference(ours, await upstream.answer()));
  if (total.unequal > 0)
    process.stderr.write(`seed ${seed}: ${total.faults.slice(0, FAULTS_MAX).join("; ")}\n`);
  return total;
}

interface Run {
  readonly streams: number;
  readonly commandCount: number;
}

function report(total: Difference, { streams, commandCount }: Run): void {
  const { figures, unequal, amountRelativeMax, weightRelativeMax } = total;
  process.stdout.write(
    `${streams} streams of ${LONG.daysMin} to ${LONG.daysMax} days, ${commandCount} commands, against upstream ${upstreamVersion()}: ` +
      `${figures} figures compared, ${unequal} differ, largest relative difference of an amount ${amountRelativeMax}, ` +
      `of a checkpoint's total weight ${weightRelativeMax}\n`,
  );
  if (unequal > 0 || weightRelativeMax > WEIGHT_RELATIVE_MAX) process.exitCode = 1;
}

async function recordStreams(upstream: UpstreamVpa, seed: number): Promise<void> {
  const streams = Array.from({ length: RECORDED_STREAMS }, (_, index) =>
    vpaStream({ ...SHORT, seed: seed + index }),
  );
  for (const commands of streams) await upstream.send(commands);
  upstream.end();
  const recorded = [];
  for (const commands of streams) {
    const answers: VpaAnswer[] = [];
    for (const _ of commands.filter(isQuestion)) answers.push(await upstream.answer());
    recorded.push({ commands, answers });
  }
  writeRecordedStreams({ upstream: upstreamVersion(), streams: recorded });
}

function isQuestion({ op }: VpaCommand): boolean {
  return op === "recommend" || op === "checkpoint";
}

await main(process.argv.slice(2)).catch(reportAndExit);
