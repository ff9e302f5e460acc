import assert from "node:assert/strict";
import { test } from "node:test";
import { NominateRace } from "../testing/nominate-race.ts";
import { NO_TALLY, type RaceTally } from "../testing/race-tally.ts";

// `BERTH_RACES=10000` for more of them.
const SEEDS = Number(process.env["BERTH_RACES"] ?? 1_000);
const STEPS = 500;

test(`${SEEDS} races overcommit no node, exceed no limit, and leak neither promises nor nominations`, (t) => {
  const tally: RaceTally = { ...NO_TALLY };
  const kinds = Object.keys(tally) as (keyof RaceTally)[];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const race = new NominateRace(seed);
    for (let step = 0; step < STEPS; step++) race.step();
    race.finish();
    for (const kind of kinds) tally[kind] += race.tally[kind];
  }
  t.diagnostic(JSON.stringify(tally));
  const { brokenPromises, ...events } = tally;
  for (const [what, count] of Object.entries(events)) assert.ok(count > SEEDS / 10, `${what}: ${count}`);
  assert.ok(brokenPromises < tally.boundAsNominated / 200, `${brokenPromises} promises were broken`);
});
