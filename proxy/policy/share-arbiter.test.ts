import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { AppName } from "#model/brand.ts";

import { arbitrate } from "./share-arbiter.ts";
import type { ShareClaim } from "./share-arbiter.ts";

const LEAST = 10;

function claim(app: string, values: Partial<ShareClaim>): ShareClaim {
  return { app: app as AppName, guaranteed: 100, cap: 1_000, used: 0, isInNeed: false, ...values };
}

function limits(claims: readonly ShareClaim[]): readonly number[] {
  return [...arbitrate(claims, LEAST).values()].map(Math.round);
}

test("an idle guarantee is lent to whoever is in need", () => {
  const idle = claim("idle", { guaranteed: 400, cap: 500, used: 0 });
  const needy = claim("needy", { cap: 500, used: 100, isInNeed: true });
  assert.deepEqual(limits([idle, needy]), [400, 500]);
});

test("a lender that needs its guarantee has it at once, and the borrower falls back to its own", () => {
  const lender = claim("lender", { guaranteed: 400, cap: 500, used: 400, isInNeed: true });
  const borrower = claim("borrower", { cap: 500, used: 500, isInNeed: true });
  assert.deepEqual(limits([lender, borrower]), [400, 100]);
});

test("what is spare is shared in proportion, and nobody gets more than its cap", () => {
  const claims = [
    claim("large", { guaranteed: 300, cap: 1_000, isInNeed: true }),
    claim("small", { guaranteed: 100, cap: 150, isInNeed: true }),
    claim("idle", { guaranteed: 200, cap: 1_000 }),
  ];
  assert.deepEqual(limits(claims), [850, 150, 200]);
});

test("room beyond all guarantees is lent too", () => {
  assert.deepEqual(limits([claim("alone", { used: 100, isInNeed: true })]), [1_000]);
});

const anyClaim = fc
  .record({
    guaranteed: fc.nat(1_000),
    room: fc.nat(1_000),
    used: fc.nat(2_000),
    isInNeed: fc.boolean(),
  })
  .map(({ room, guaranteed, used, isInNeed }) => ({ guaranteed, used, isInNeed, cap: guaranteed + room }));

test("whatever they claim: nobody gets less than its guarantee or more than its cap, and no more is lent than there is", () => {
  fc.assert(
    fc.property(fc.array(anyClaim, { maxLength: 12 }), (values) => {
      const claims = values.map((value, index) => claim(`app-${index}`, value));
      const given = arbitrate(claims, LEAST);
      const pool = Math.max(
        claims.reduce((sum, { guaranteed }) => sum + guaranteed, 0),
        ...claims.map(({ cap }) => cap),
      );
      let needed = 0;
      for (const { app, guaranteed, cap, used, isInNeed } of claims) {
        const limit = given.get(app) ?? Number.NaN;
        assert.ok(limit >= guaranteed - 1e-6);
        assert.ok(limit <= Math.max(cap, LEAST) + 1e-6);
        needed += isInNeed ? Math.min(limit, Math.max(limit, guaranteed)) : Math.min(guaranteed, used);
      }
      assert.ok(needed <= pool + claims.length * LEAST + 1e-6);
    }),
  );
});
