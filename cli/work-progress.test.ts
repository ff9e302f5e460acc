import assert from "node:assert/strict";
import { test } from "node:test";
import { progressShown, WorkProgress, type WorkProgressOptions } from "./work-progress.ts";

interface Watched {
  nowMs: number;
  text: string;
  readonly progress: WorkProgress;
}

function watched(over: Partial<WorkProgressOptions>): Watched {
  const seen = { nowMs: 0, text: "" };
  const progress = new WorkProgress({
    total: 100,
    unit: "tasks",
    shown: "terminal",
    write: (part) => (seen.text += part),
    nowMs: () => seen.nowMs,
    ...over,
  });
  return Object.assign(seen, { progress });
}

test("progress says how much is left at the pace so far, not of what was found done", () => {
  const seen = watched({ found: 50 });
  for (let task = 0; task < 10; task++) {
    seen.nowMs += 30_000;
    seen.progress.stepDone();
  }
  assert.ok(seen.text.endsWith("\r\u001B[K60 of 100 tasks, 60 %, 20 min 0 s left"), seen.text);
});

test("what is worked on stands behind it, and the line is gone before the answer comes", () => {
  const seen = watched({ total: 4, unit: "parts" });
  seen.progress.begin("mesh pods placed anew", 1);
  assert.equal(seen.text, "\r\u001B[K1 of 4 parts, 25 %, 0 s left: mesh pods placed anew");
  seen.progress.clear();
  assert.ok(seen.text.endsWith("anew\r\u001B[K"));
});

test("nothing is said where nobody watches, nor to a program; a log gets a line now and then", () => {
  const quiet = watched({ shown: progressShown(false, { isForProgram: false }) });
  const forProgram = watched({ shown: progressShown(true, { isForProgram: true }) });
  const log = watched({ shown: "log" });
  for (const seen of [quiet, forProgram, log]) {
    for (let task = 0; task < 100; task++) {
      seen.nowMs += 1_000;
      seen.progress.stepDone();
    }
    seen.progress.end();
  }
  assert.deepEqual([quiet.text, forProgram.text], ["", ""]);
  assert.equal(log.text.split("\n").length - 1, 11);
});
