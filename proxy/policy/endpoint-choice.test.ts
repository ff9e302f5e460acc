import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { chooseEndpoint } from "./endpoint-choice.ts";

test("equal pods take turns", () => {
  const pods = ["a", "b", "c"].map((name) => ({ name, inFlight: 0 }));
  const names = [0, 1, 2, 3, 4, 5].map((turn) => chooseEndpoint(pods, turn)?.name);
  assert.deepEqual(names, ["a", "b", "c", "a", "b", "c"]);
});

test("the chosen pod has no more in progress than any other", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1 }), fc.nat(), (loads, turn) => {
      const chosen = chooseEndpoint(
        loads.map((inFlight) => ({ inFlight })),
        turn,
      );
      assert.equal(chosen?.inFlight, Math.min(...loads));
    }),
  );
});

test("without pods there is no choice", () => {
  assert.equal(chooseEndpoint([], 3), undefined);
});
