import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resources } from "#model/resources.ts";
import { loadShapes } from "./load-shapes.ts";
import { TemplatePolicy } from "#sim/sizing/plain-policies.ts";
import { readProxyCurves } from "./proxy-curves.ts";
import { ProxyResponse } from "./proxy-response.ts";
import { sizedFleet } from "./sized-fleet.ts";
import { playSizing } from "./sizing-run.ts";
import { ScoreKeeper } from "#sim/sizing/sizing-score.ts";

const response = new ProxyResponse(readProxyCurves());
const NODE: Resources = { cpuMilli: 1000, memoryBytes: 1000 };

test("between measured points the response is in between, and a point is met", () => {
  const [a, b] = [100, 200].map((perSecond) => response.of({ perSecond, connections: 16, bodyBytes: 1024 }));
  const middle = response.of({ perSecond: 150, connections: 16, bodyBytes: 1024 });
  assert.ok(a !== undefined && b !== undefined);
  assert.ok(a.cpuMilli < middle.cpuMilli && middle.cpuMilli < b.cpuMilli);
  const point = readProxyCurves().points.find(
    ({ perSecond, connections }) => perSecond === 25 && connections === 16,
  );
  const met = response.of({ perSecond: 25, connections: 16, bodyBytes: point?.bodyBytes ?? 0 }).cpuMilli;
  assert.ok(Math.abs(met - ((point?.cpuMilli ?? 0) - response.base.cpuMilli)) < 1e-6);
});

test("no policy beats the one that knows, and a template large enough for all is never short", () => {
  const scores = play(1);
  const [template, clairvoyant] = [scores.get("template"), scores.get("clairvoyant")];
  assert.ok(template !== undefined && clairvoyant !== undefined);
  assert.equal(clairvoyant.underMinutesShare, 0);
  assert.equal(clairvoyant.oomNodeDaysShare, 0);
  for (const { cost } of scores.values()) assert.ok(cost >= clairvoyant.cost);
  assert.equal(template.resizesPerNodeDay, 0);
});

test("equal seeds give equal scores, and others do not", () => {
  assert.deepEqual(play(1), play(1));
  assert.notDeepEqual(play(1), play(2));
});

test("slack, shortage, OOM days and resizes are counted as they are defined", () => {
  const keeper = new ScoreKeeper(NODE);
  const minute = (at: number, size: Resources, wanted: Resources): void => {
    keeper.sized({ node: 0, minute: at, size, pods: "a 1", isCounted: true });
    keeper.add({ node: 0, minute: at, size, wanted });
  };
  minute(0, { cpuMilli: 100, memoryBytes: 100 }, { cpuMilli: 50, memoryBytes: 50 });
  minute(1, { cpuMilli: 200, memoryBytes: 100 }, { cpuMilli: 250, memoryBytes: 101 });
  minute(2, { cpuMilli: 100, memoryBytes: 100 }, { cpuMilli: 100, memoryBytes: 100 });
  const score = keeper.score();
  assert.equal(score.cpuSlack, 50 / 400);
  assert.equal(score.memorySlack, 50 / 300);
  assert.equal(score.underMinutesShare, 1 / 3);
  assert.equal(score.oomNodeDaysShare, 1440 / 3);
  assert.equal(score.resizesPerNodeDay, 2 * (1440 / 3));
  assert.equal(score.flaps, 1);
  // 50 + 50 too much, 50 + 1 too little at ten times the price, of 1,000, in three minutes.
  assert.ok(Math.abs(score.cost - (0.1 + 0.51) / 3) < 1e-12);
});

function play(seed: number) {
  return playSizing({
    fleet: sizedFleet({ seed, nodes: 3, apps: 6, days: 1 }),
    shapes: loadShapes("nowhere", seed),
    response,
    variant: "misspecified",
    seed,
    warmUpDays: 0,
    policies: (template) => [new TemplatePolicy(template)],
    progress: () => undefined,
  });
}
