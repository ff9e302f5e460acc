import assert from "node:assert/strict";
import { test } from "node:test";

import { VirtualClock } from "#runtime/virtual-clock.ts";

import { AuditBook, type AuditEntry } from "./audit-book.ts";

function book(): { readonly audit: AuditBook; readonly clock: VirtualClock; readonly told: AuditEntry[][] } {
  const [clock, told]: [VirtualClock, AuditEntry[][]] = [new VirtualClock(), []];
  return { audit: new AuditBook(clock, (entries) => told.push([...entries])), clock, told };
}

const WEB = { reason: "caller-not-allowed", caller: "shop/web", address: "10.0.0.1" };

test("who was refused, from where, why and how often is told once a second, and nothing where nobody was", () => {
  const { audit, clock, told } = book();
  clock.advance(5_000);
  for (const refused of [WEB, WEB, { ...WEB, address: "10.0.0.2" }]) audit.note(refused);
  clock.advance(999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, [
    [
      { ...WEB, count: 2 },
      { ...WEB, address: "10.0.0.2", count: 1 },
    ],
  ]);
  clock.advance(5_000);
  assert.equal(told.length, 1);
});

test("a flood of made-up names costs a bounded number of entries, and every refusal is counted", () => {
  const { audit, clock, told } = book();
  for (let caller = 0; caller < 10_000; caller++) audit.note({ ...WEB, caller: `made-up-${caller}` });
  clock.advance(1_000);
  const [entries = []] = told;
  assert.ok(entries.length <= 65, String(entries.length));
  assert.equal(
    entries.reduce((sum, { count }) => sum + count, 0),
    10_000,
  );
  assert.equal(entries.at(-1)?.caller, "others");
});
