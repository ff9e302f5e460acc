// A process as `berth start` keeps it: this file, started again with an argument.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManagedProcess, type ProcessHandlers } from "./managed-process.ts";

const CHILD = "as-child";
type Manner = "serves" | "misconfigured" | "broken" | "diesOnceReady";

if (process.argv[2] === CHILD) behave(process.argv[3] as Manner);
else runTests();

function behave(manner: Manner): void {
  process.stdout.write(`here as ${process.env["TOY"]}\n`);
  if (manner === "misconfigured") {
    process.stderr.write("--toy: must be set\n");
    process.exit(2);
  }
  if (manner === "broken") throw new Error("a fault");
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: { kind: string; id: number }) => {
    if (message.kind === "settle") process.send?.({ kind: "settled", id: message.id, nextDueMs: 7 });
    else process.send?.({ kind: "echo", message });
  });
  process.send?.({ kind: "ready", urls: { toy: "here" } }, () => {
    if (manner === "diesOnceReady") process.exit(1);
  });
}

function aProcess(manner: Manner, handlers: Partial<ProcessHandlers> = {}): ManagedProcess {
  const file = import.meta.filename;
  const spec = { name: "toy", file, args: [CHILD, manner], env: { TOY: "toy" } };
  return new ManagedProcess(spec, { logLine: () => undefined, ...handlers });
}

function runTests(): void {
  test("a process is ready when it says so, answers, and ends when it is stopped", async () => {
    const lines: string[] = [];
    const echo = Promise.withResolvers<unknown>();
    const managed = aProcess("serves", {
      logLine: (name, line) => lines.push(`${name}: ${line}`),
      message: (message) => echo.resolve(message["message"]),
    });
    assert.deepEqual(await managed.start(), { kind: "ready", urls: { toy: "here" } });
    assert.equal(managed.isReady, true);
    managed.send({ kind: "hello" });
    assert.deepEqual(await echo.promise, { kind: "hello" });
    assert.deepEqual(await managed.settle(1), { kind: "settled", id: 1, nextDueMs: 7 });
    await managed.stop();
    assert.equal(managed.restarts, 0);
    assert.deepEqual(lines, ["toy: here as toy"]);
    await managed.stop();
  });

  test("a process that is killed is started again, and questions it cannot answer any more are given up", async () => {
    const managed = aProcess("serves");
    await managed.start();
    const { pid } = managed;
    managed.crash();
    assert.equal(await managed.settle(1), undefined);
    await managed.whenReady();
    assert.notEqual(managed.pid, pid);
    assert.equal(managed.restarts, 1);
    assert.equal((await managed.settle(2))?.nextDueMs, 7);
    await managed.stop();
  });

  test("a process that ends over its settings is the user's to mend, in its own words", async () => {
    const lines = "toy: here as toy\n--toy: must be set";
    await assert.rejects(aProcess("misconfigured").start(), { name: "UsageError", message: lines });
  });

  test("a process that fails before it is ready is not started again", async () => {
    const managed = aProcess("broken");
    await assert.rejects(managed.start(), { code: "ProcessEnded" });
    assert.equal(managed.restarts, 0);
  });

  test("a process that keeps dying is given up on, and whoever waits for it is told", async () => {
    const managed = aProcess("diesOnceReady");
    const failed = Promise.withResolvers<unknown>();
    await managed.start();
    const watch = async (): Promise<void> => {
      for (;;) {
        await managed.whenReady();
        await managed.settle(1);
      }
    };
    watch().catch(failed.resolve);
    const error = (await failed.promise) as { readonly code: string };
    assert.equal(error.code, "ProcessEnded");
    assert.equal(managed.restarts, 20);
  });
}
