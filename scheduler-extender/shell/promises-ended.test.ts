import assert from "node:assert/strict";
import { test } from "node:test";
import { settleUntil } from "#kube/settle.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { promisesEnded } from "./promises-ended.ts";

function waiting(ledger: { readonly reservationCount: number }) {
  const clock = new VirtualClock();
  const ended: number[] = [];
  void promisesEnded(ledger, clock).then(() => ended.push(clock.nowMs()));
  return { clock, ended };
}

test("a leader without promises leaves at once", async () => {
  const { clock, ended } = waiting({ reservationCount: 0 });
  await settleUntil(clock, () => ended.length > 0);
  assert.ok((ended[0] ?? Infinity) <= 20);
});

test("a leader leaves as soon as the pods it answered for are seen bound, and after three seconds in any case", async () => {
  const ledger = { reservationCount: 2 };
  const soon = waiting(ledger);
  await settleUntil(soon.clock, () => soon.clock.nowMs() > 500);
  assert.deepEqual(soon.ended, []);
  ledger.reservationCount = 0;
  await settleUntil(soon.clock, () => soon.ended.length > 0);
  assert.ok((soon.ended[0] ?? Infinity) <= 700);
  const late = waiting({ reservationCount: 1 });
  await settleUntil(late.clock, () => late.ended.length > 0);
  assert.ok((late.ended[0] ?? 0) >= 3_000 && (late.ended[0] ?? Infinity) < 3_200);
});
