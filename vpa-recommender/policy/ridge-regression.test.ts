import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { plainLeastSquares } from "#test/oracle/plain-least-squares.ts";
import { RidgeRegression } from "./ridge-regression.ts";

const amount = fc.double({ min: 0, max: 10, noNaN: true });
const row = fc.array(amount, { minLength: 3, maxLength: 3 });
const problem = fc.record({
  samples: fc.array(
    fc.record({
      x: row,
      y: fc.double({ min: -20, max: 60, noNaN: true }),
      weight: fc.double({ min: 0.1, max: 2, noNaN: true }),
    }),
    { maxLength: 12 },
  ),
  values: row,
  weights: fc.array(fc.double({ min: 0.2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }),
});

test("the solution explains the samples as well as the one that trying every set of zeros finds", () => {
  fc.assert(
    fc.property(problem, ({ samples, values, weights }) => {
      const regression = new RidgeRegression(3);
      for (const { x, y, weight } of samples)
        regression.add({ indices: [0, 1, 2], values: x }, y, { weight, precision: 1 });
      const found = regression.solve({ values, weights });
      // Not coefficient by coefficient: where columns are nearly alike, many solutions are as good.
      const loss = (solution: readonly number[]): number => {
        const off = (target: number, guess: number, weight: number): number => weight * (target - guess) ** 2;
        const missed = samples.map(({ x, y, weight }) => off(y, dot(x, solution), weight));
        const strayed = values.map((value, index) => off(value, solution[index] ?? 0, weights[index] ?? 0));
        return [...missed, ...strayed].reduce((sum, part) => sum + part, 0);
      };
      const best = loss(plainLeastSquares(samples, { values, weights }));
      assert.ok(found.every((value) => value >= 0));
      assert.ok(loss(found) <= best + 1e-3 * (1 + best), `${loss(found)} against ${best}`);
    }),
  );
});

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

test("without samples the prior is the solution", () => {
  const prior = { values: [1, 0, 3], weights: [1, 1, 1] };
  assert.deepEqual(new RidgeRegression(3).solve(prior), [1, 0, 3]);
});

test("what decays to nothing leaves the prior", () => {
  const regression = new RidgeRegression(1);
  for (let count = 0; count < 100; count++)
    regression.add({ indices: [0], values: [1] }, 9, { weight: 1, precision: 1 });
  const prior = { values: [1], weights: [1] };
  assert.ok((regression.solve(prior)[0] ?? 0) > 8.9);
  regression.decay(1e-9);
  assert.ok((regression.solve(prior)[0] ?? 9) < 1.001);
});

test("a coefficient that is cleared knows nothing any more, and the others what they knew", () => {
  const regression = new RidgeRegression(2);
  for (let count = 0; count < 100; count++) {
    regression.add({ indices: [0], values: [1] }, 9, { weight: 1, precision: 1 });
    regression.add({ indices: [1], values: [1] }, 5, { weight: 1, precision: 1 });
  }
  regression.clear(1);
  const [kept, cleared] = regression.solve({ values: [1, 1], weights: [1, 1] });
  assert.ok((kept ?? 0) > 8.9);
  assert.equal(cleared, 1);
});

test("the leverage is the prior's variance at first and falls with every sample", () => {
  const regression = new RidgeRegression(2);
  const leverage = (): number =>
    regression.leverages([{ indices: [0, 1], values: [1, 2] }], [4, 4])[0] ?? Number.NaN;
  let last = leverage();
  assert.ok(Math.abs(last - (1 / 4 + 4 / 4)) < 1e-12);
  for (let count = 0; count < 5; count++) {
    regression.add({ indices: [0, 1], values: [1, count] }, 1, { weight: 1, precision: 1 });
    const next = leverage();
    assert.ok(next < last);
    last = next;
  }
});
