import assert from "node:assert/strict";
import { test } from "node:test";
import { addDifferences, answerDifference, NO_DIFFERENCE } from "./answer-difference.ts";
import { ourAnswers } from "./our-vpa.ts";
import { readRecordedStreams } from "./recorded-streams.ts";

const { upstream, streams } = readRecordedStreams();

test(`every recommendation and checkpoint of the recorded streams is the one of upstream ${upstream}`, () => {
  let total = NO_DIFFERENCE;
  for (const { commands, answers } of streams) {
    const ours = ourAnswers(commands);
    assert.equal(ours.length, answers.length);
    for (const [index, theirs] of answers.entries())
      total = addDifferences(total, answerDifference(ours[index] ?? {}, theirs));
  }
  assert.ok(total.figures > 10_000, String(total.figures));
  assert.deepEqual({ unequal: total.unequal, faults: total.faults }, { unequal: 0, faults: [] });
  assert.ok(total.weightRelativeMax < 1e-9, String(total.weightRelativeMax));
});

test("the recorded streams hold OOMs, restarts, days without samples, and samples that are left out", () => {
  const commands = streams.flatMap((stream) => stream.commands);
  const ops = new Set(commands.map(({ op }) => op));
  assert.deepEqual([...ops].sort(), [
    "checkpoint",
    "collect",
    "gone",
    "oom",
    "pod",
    "recommend",
    "restart",
    "stream",
    "use",
  ]);
  assert.ok(commands.some((command) => command.op === "use" && (command.cpu ?? 0) < 0));
});

test("an amount that is one off is seen", () => {
  const container = { name: "c", lowerBound: {}, upperBound: {}, uncappedTarget: {} };
  const difference = answerDifference(
    { containers: [{ ...container, target: { cpuMilli: 1001 } }] },
    { containers: [{ ...container, target: { cpuMilli: 1000 } }] },
  );
  assert.deepEqual([difference.unequal, difference.amountRelativeMax], [1, 0.001]);
});
