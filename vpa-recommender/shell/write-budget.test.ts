import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { type Urgency, WriteBudget } from "./write-budget.ts";

function aBudget() {
  const clock = new VirtualClock(0);
  const budget = new WriteBudget({ rate: { burst: 2, perSecond: 1 }, clock });
  const written: string[] = [];
  const write = (urgency: Urgency, name: string): void =>
    void budget.run(urgency, async () => void written.push(name));
  return { clock, budget, written, write };
}

test("beyond the burst writes go out at the steady rate", async () => {
  const { clock, budget, written, write } = aBudget();
  for (const name of ["a", "b", "c", "d"]) write("grow", name);
  await setImmediate();
  assert.deepEqual(written, ["a", "b"]);
  assert.equal(budget.waiting, 2);
  clock.advance(1_000);
  await setImmediate();
  assert.deepEqual(written, ["a", "b", "c"]);
  clock.advance(1_000);
  await setImmediate();
  assert.deepEqual(written, ["a", "b", "c", "d"]);
});

test("a proxy that is too small overtakes what waits, and a release overtakes all", async () => {
  const { clock, written, write } = aBudget();
  for (const name of ["a", "b"]) write("publish", name);
  write("publish", "correction");
  write("shrink", "surplus");
  write("grow", "app joined");
  write("release", "taken back");
  clock.advance(1_000);
  await setImmediate();
  clock.advance(1_000);
  await setImmediate();
  clock.advance(1_000);
  await setImmediate();
  clock.advance(1_000);
  await setImmediate();
  assert.deepEqual(written, ["a", "b", "taken back", "app joined", "surplus", "correction"]);
});

test("a write that fails gives its place back and tells its caller", async () => {
  const clock = new VirtualClock(0);
  const budget = new WriteBudget({ rate: undefined, clock });
  const failing = Array.from({ length: 40 }, () =>
    budget.run("grow", () => Promise.reject(new Error("refused"))),
  );
  for (const outcome of await Promise.allSettled(failing)) assert.equal(outcome.status, "rejected");
  assert.equal(await budget.run("grow", async () => "through"), "through");
});
