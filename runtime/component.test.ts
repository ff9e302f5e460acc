// A component as a process of its own: this file, started again with an argument.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import {
  type ComponentContext,
  componentSettings,
  runComponent,
  type RunningComponent,
} from "./component.ts";
import type { Settled } from "./pacing.ts";

const CHILD = "as-component";

/** Has something to do a second after it started and once more a second later, and tells what it has seen. */
async function startToy({ clock }: ComponentContext<object>): Promise<RunningComponent> {
  const tasks = [1_000, 2_000].map((delayMs) => clock.after(delayMs, () => undefined));
  return {
    urls: { toy: `started at ${clock.nowMs()}` },
    async settle(resourceVersion) {
      process.send?.({ kind: "seen", resourceVersion, nowMs: clock.nowMs() });
    },
    async stop() {
      for (const cancel of tasks) cancel();
    },
  };
}

if (process.argv[2] === CHILD) {
  const kind = { kind: "Toy", usage: "berth toy", summary: "A toy.", schema: componentSettings };
  await runComponent(kind, startToy, process.argv.slice(3));
} else {
  runTests();
}

function startChild(...args: readonly string[]): ChildProcess {
  const options = { stdio: ["ignore", "pipe", "pipe", "ipc"] as ("ignore" | "pipe" | "ipc")[], execArgv: [] };
  return fork(import.meta.filename, [CHILD, "--log-level", "silent", ...args], options);
}

async function message(child: ChildProcess, kind: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [received] = (await once(child, "message")) as [Record<string, unknown>];
    if (received["kind"] === kind) return received;
  }
}

function runTests(): void {
  test("a paced component lives in its parent's time and answers when it has settled", async () => {
    const child = startChild("--clock", "paced");
    const settle = async (id: number): Promise<Settled> => {
      child.send({ kind: "settle", id, resourceVersion: 40 + id });
      return (await message(child, "settled")) as unknown as Settled;
    };
    child.send({ kind: "advance", nowMs: 5_000 });
    // What the parent says before the component is up waits for it.
    child.send({ kind: "advance", nowMs: 5_200 });
    const ready = await message(child, "ready");
    assert.deepEqual(ready["urls"], { toy: "started at 5000" });
    const seen = message(child, "seen");
    assert.deepEqual(await settle(1), { kind: "settled", id: 1, nextDueMs: 6_000 });
    assert.deepEqual(await seen, { kind: "seen", resourceVersion: 41, nowMs: 5_200 });
    child.send({ kind: "advance", nowMs: 6_500 });
    assert.deepEqual(await settle(2), { kind: "settled", id: 2, nextDueMs: 7_000 });
    child.send({ kind: "advance", nowMs: 7_000 });
    assert.deepEqual(await settle(3), { kind: "settled", id: 3 });
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
  });

  test("a component does not outlive the parent that started it", async () => {
    const child = startChild();
    await message(child, "ready");
    child.disconnect();
    const [code] = await once(child, "exit");
    assert.equal(code, 1);
  });

  test("a wrong setting ends a component with the message alone and exit code 2", async () => {
    const child = startChild("--clock", "sundial");
    assert.ok(child.stderr);
    const [words, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.equal(code, 2);
    assert.match(words, /^--clock: .*\n$/);
  });

  test("help is an answer and no failure", async () => {
    const child = startChild("--help");
    assert.ok(child.stdout);
    const words = text(child.stdout);
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
    assert.match(await words, /^A toy\.\n\nUsage: berth toy /);
  });
}
