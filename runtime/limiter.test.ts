import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#sim/seeded-random.ts";
import { Limiter } from "./limiter.ts";

test("no more tasks run at once than the limit, and those that wait begin in order", async () => {
  const limiter = new Limiter(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const runs = gates.map(({ promise }, index) =>
    limiter.run(async () => {
      begun.push(index);
      await promise;
      return index;
    }),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.resolve();
  await runs[1];
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of gates) resolve();
  assert.deepEqual(await Promise.all(runs), [0, 1, 2, 3, 4]);
});

test("a task that fails gives its place to the next", async () => {
  const limiter = new Limiter(1);
  const failed = limiter.run(async () => {
    throw new Error("no");
  });
  const next = limiter.run(async () => "yes");
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});

test("whatever order tasks end in, the limit holds and every task runs", async () => {
  const random = new SeededRandom(7);
  const limiter = new Limiter(3);
  let running = 0;
  let most = 0;
  const task = async (): Promise<void> => {
    most = Math.max(most, ++running);
    for (let turns = random.integer(10); turns > 0; turns--) await Promise.resolve();
    running--;
  };
  await Promise.all(Array.from({ length: 200 }, () => limiter.run(task)));
  assert.equal(most, 3);
  assert.equal(running, 0);
});
