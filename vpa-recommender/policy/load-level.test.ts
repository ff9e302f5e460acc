import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#sim/seeded-random.ts";
import { LoadLevel } from "./load-level.ts";

const MINUTE_MS = 60_000;

/** Readings a minute apart. */
function levelOf(shares: readonly number[]): LoadLevel {
  const load = new LoadLevel();
  for (const [minute, share] of shares.entries()) load.add(share, minute * MINUTE_MS);
  return load;
}

function noisy(count: number, deviation: number): readonly number[] {
  const random = new SeededRandom(1);
  return Array.from({ length: count }, () => 1 + deviation * random.normal());
}

function times(count: number, share: number): readonly number[] {
  return Array.from({ length: count }, () => share);
}

test("before the first reading there is no level", () => {
  assert.equal(new LoadLevel().level(), undefined);
});

test("a steady load's level is the load itself, a restless one's lies above its mean", () => {
  assert.ok(Math.abs((levelOf(times(2 * 1440, 1)).level() ?? 0) - 1) < 0.001);
  const [calm, restless] = [0.02, 0.1].map((deviation) => levelOf(noisy(2 * 1440, deviation)).level() ?? 0);
  assert.ok(Math.abs((calm ?? 0) - 1.024) < 0.03, String(calm));
  assert.ok(Math.abs((restless ?? 0) - 1.12) < 0.09 && (restless ?? 0) > (calm ?? 9), String(restless));
});

test("a load that stays is believed at its second reading", () => {
  assert.ok((levelOf([...times(300, 1), 2]).level() ?? 9) < 1.3);
  assert.equal(levelOf([...times(300, 1), 2, 2]).level(), 2);
});

test("a load that fell is followed within half an hour", () => {
  const level = levelOf([...times(300, 2), ...times(25, 1)]).level() ?? 9;
  assert.ok(level < 1.1, String(level));
});

test("a burst that is over leaves the level nearly as it was", () => {
  const steady = [...noisy(600, 0.03)];
  const before = levelOf(steady).level() ?? 0;
  const after = levelOf([...steady, ...times(5, 1.6), ...times(30, 1)]).level() ?? 9;
  assert.ok(after < before + 0.03, `${before} ${after}`);
});

test("readings twice as often make the same level", () => {
  const [often, seldom] = [new LoadLevel(), new LoadLevel()];
  for (let halfMinute = 0; halfMinute < 2_000; halfMinute++) {
    const share = 1 + 0.1 * Math.sin(halfMinute / 100);
    often.add(share, (halfMinute * MINUTE_MS) / 2);
    if (halfMinute % 2 === 0) seldom.add(share, (halfMinute * MINUTE_MS) / 2);
  }
  assert.ok(Math.abs((often.level() ?? 0) - (seldom.level() ?? 9)) < 0.01);
});

test("a level goes with what its shares are of", () => {
  const load = levelOf(noisy(100, 0.05));
  const before = load.level() ?? 0;
  load.rescale(0.5);
  assert.ok(Math.abs((load.level() ?? 0) - before / 2) < 1e-12);
});

test("a level outlives a restart, its margin included", () => {
  const shares = noisy(600, 0.05);
  const load = levelOf(shares);
  const recent = shares.slice(-10).map((share, index) => [(590 + index) * MINUTE_MS, share] as const);
  assert.equal(LoadLevel.restored(load.saved(), recent).level(), load.level());
  const without = LoadLevel.restored(undefined, recent).level() ?? 0;
  assert.ok(Math.abs(without - (load.level() ?? 9)) < 0.1, String(without));
});
