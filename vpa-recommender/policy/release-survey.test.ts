import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import { REACH_MAX, type Release } from "#model/release.ts";
import type { NodeReport } from "./release-judge.ts";
import { ReleaseSurvey } from "./release-survey.ts";

const APP = "shop/cart" as AppName;
const PAUSE_MS = 30_000;
const NODE = "node-1" as NodeName;
const NODES = Array.from({ length: 5_000 }, (_, index) => `node-${index}` as NodeName);

const RELEASE: Release = {
  phase: "RollingOut",
  settled: { version: 1, config: "{}" },
  target: { version: 2, config: '{"quota":{}}' },
  firstNode: NODE,
  firstNodesTried: 1,
  reach: 0,
  previous: [],
  reason: "Judging",
  message: "",
  nodes: { total: 0, updated: 0, proven: 0 },
  inUse: [],
};

function aReport(parts: Partial<NodeReport> = {}): NodeReport {
  const before = { attempts: 0, errors: 0 };
  return {
    version: 2,
    ageMs: PAUSE_MS,
    state: "serving",
    failures: 0,
    attempts: 100,
    errors: 1,
    before,
    ...parts,
  };
}

test("of a node that has not stood its time nothing is known when it is silent, and one that has is believed", () => {
  for (const [ageMs, isKnown] of [
    [PAUSE_MS - 1, false],
    [PAUSE_MS, true],
  ] as const) {
    const survey = new ReleaseSurvey(APP, 2);
    survey.answered(NODE, aReport({ ageMs }));
    survey.silent(NODE, PAUSE_MS);
    assert.equal(survey.reports.has(NODE), isKnown);
  }
});

test("what happened since the first look is told from the second on, over a change of version and a restart", () => {
  const survey = new ReleaseSurvey(APP, 2);
  survey.answered(NODE, aReport({ version: 1 }));
  assert.equal(survey.reports.get(NODE)?.recent, undefined);
  const before = { attempts: 120, errors: 1 };
  survey.answered(NODE, aReport({ attempts: 30, errors: 2, before }));
  assert.deepEqual(survey.reports.get(NODE)?.recent, { attempts: 50, errors: 2 });
  survey.answered(NODE, aReport({ attempts: 5, errors: 0 }));
  assert.deepEqual(survey.reports.get(NODE)?.recent, { attempts: 0, errors: 0 });
});

test("at each look a limited number of nodes is asked, and all of them in the end", () => {
  const survey = new ReleaseSurvey(APP, 2);
  const all = { ...RELEASE, reach: REACH_MAX };
  const asked = new Set<NodeName>();
  for (let look = 0; look < 25; look++) {
    const next = survey.next(NODES, { release: all, pauseMs: PAUSE_MS });
    assert.equal(next.length, 200);
    for (const node of next) {
      asked.add(node);
      survey.answered(node, aReport());
    }
  }
  assert.equal(asked.size, NODES.length);
});

test("the first node is asked at every look, and the same few others to compare with", () => {
  const survey = new ReleaseSurvey(APP, 2);
  const [one, two] = [1, 2].map(() => survey.next(NODES, { release: RELEASE, pauseMs: PAUSE_MS }));
  assert.equal(one?.[0], NODE);
  assert.equal(one.length, 1 + 32);
  assert.deepEqual(two, one);
});

test("nodes that lost the app are forgotten", () => {
  const survey = new ReleaseSurvey(APP, 2);
  survey.answered(NODE, aReport());
  survey.next(["node-2" as NodeName], { release: RELEASE, pauseMs: PAUSE_MS });
  assert.equal(survey.reports.size, 0);
});
