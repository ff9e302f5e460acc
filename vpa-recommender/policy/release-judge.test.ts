import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from "#model/rollout-rules.ts";
import { judge, type NodeReport, type ReleaseVerdict } from "./release-judge.ts";

const OLD = 4;
const NEW = 5;
const PAUSE_MS = DEFAULT_ROLLOUT_RULES.pauseMs;

/** One that has stood its time with a hundred requests, all of them well. */
function aReport(parts: Partial<NodeReport> = {}): NodeReport {
  return {
    version: NEW,
    ageMs: PAUSE_MS,
    state: "serving",
    failures: 0,
    attempts: 100,
    errors: 0,
    before: { attempts: 1_000, errors: 0 },
    recent: { attempts: 100, errors: 0 },
    ...parts,
  };
}

const AN_OLD = aReport({ version: OLD });

function judged(
  reports: Readonly<Record<string, NodeReport | undefined>>,
  rules: Partial<RolloutRules> = {},
): ReleaseVerdict {
  const known = Object.entries(reports).filter(([, report]) => report !== undefined);
  return judge({
    version: NEW,
    nodes: Object.keys(reports).filter(
      (node) => reports[node]?.version !== OLD || node === "behind",
    ) as NodeName[],
    firstNode: "first" as NodeName,
    reports: new Map(known as [NodeName, NodeReport][]),
    rules: { ...DEFAULT_ROLLOUT_RULES, ...rules },
  });
}

function reasonOf(verdict: ReleaseVerdict): string {
  return "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
}

test("a node that has served its time without fault proves the version", () => {
  assert.equal(reasonOf(judged({ first: aReport(), other: AN_OLD })), "proven");
});

test("before its time is over it is waited for", () => {
  assert.equal(
    reasonOf(judged({ first: aReport({ ageMs: PAUSE_MS - 1 }), other: AN_OLD })),
    "waiting Judging",
  );
});

test("an instance that ends unplanned is bad, as often as the rules do not forgive", () => {
  const once = { first: aReport({ failures: 1 }), other: AN_OLD };
  assert.equal(reasonOf(judged(once)), "bad InstanceFailed");
  assert.equal(reasonOf(judged(once, { restartsMax: 1 })), "proven");
});

test("an instance that does not serve is waited for, and bad after a minute", () => {
  const at = (ageMs: number): string =>
    reasonOf(judged({ first: aReport({ state: "backing-off", ageMs }), other: AN_OLD }));
  assert.equal(at(60_000), "waiting Judging");
  assert.equal(at(60_001), "bad InstanceNotServing");
});

test("errors are bad as soon as they are more than chance, whatever the time", () => {
  const at = (attempts: number, errors: number): string =>
    reasonOf(judged({ first: aReport({ attempts, errors, ageMs: 1_000 }), other: AN_OLD }));
  assert.equal(at(19, 19), "waiting Judging");
  assert.equal(at(20, 2), "waiting Judging");
  assert.equal(at(20, 3), "bad ErrorRate");
  assert.equal(at(1_000, 63), "waiting Judging");
  assert.equal(at(1_000, 64), "bad ErrorRate");
});

test("errors that nodes with the version before have as well are none of the version's", () => {
  const recent = { attempts: 100, errors: 30 };
  const trouble = aReport({ errors: 30 });
  assert.equal(reasonOf(judged({ first: trouble, other: AN_OLD })), "bad ErrorRate");
  assert.equal(reasonOf(judged({ first: trouble, other: aReport({ version: OLD, recent }) })), "proven");
});

test("what failed on the node itself before weighs as much, where the others have no requests", () => {
  const before = { attempts: 1_000, errors: 300 };
  const idle = aReport({
    version: OLD,
    attempts: 0,
    before: { attempts: 0, errors: 0 },
    recent: { attempts: 0, errors: 0 },
  });
  assert.equal(reasonOf(judged({ first: aReport({ errors: 30, before }), other: idle })), "proven");
  assert.equal(reasonOf(judged({ first: aReport({ errors: 60, before }), other: idle })), "bad ErrorRate");
});

test("one node of many that fails is found, and so are many that fail a little", () => {
  const good = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`n${index}`, aReport({ attempts: 10_000 })]),
  );
  assert.equal(reasonOf(judged({ ...good, one: aReport({ errors: 50 }), other: AN_OLD })), "bad ErrorRate");
  const few = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`n${index}`, aReport({ attempts: 19, errors: 2 })]),
  );
  assert.equal(reasonOf(judged({ ...few, other: AN_OLD })), "bad ErrorRate");
});

test("a node of which nothing is known is no good sign, and what is bad elsewhere is bad all the same", () => {
  const verdict = judged({ first: aReport(), silent: undefined, other: AN_OLD });
  assert.deepEqual(verdict, { kind: "unknown", node: "silent", proven: 1 });
  assert.equal(reasonOf(judged({ first: aReport({ errors: 50 }), silent: undefined })), "bad ErrorRate");
});

test("a proxy that keeps the version before is named", () => {
  const verdict = judged({ first: aReport(), behind: AN_OLD });
  assert.deepEqual(verdict, { kind: "waiting", reason: "NotTaken", node: "behind", proven: 1 });
});

test("the first node waits for requests while the others have some, and else its health is enough", () => {
  const silent = aReport({ attempts: 5 });
  const idle = aReport({ version: OLD, recent: { attempts: 0, errors: 0 } });
  assert.equal(reasonOf(judged({ first: silent, other: AN_OLD })), "waiting NoTraffic");
  assert.equal(reasonOf(judged({ first: silent, other: idle })), "proven");
  assert.equal(reasonOf(judged({ first: aReport(), second: silent, other: AN_OLD })), "proven");
  const wait = { withoutTraffic: "Wait" } as const;
  assert.equal(reasonOf(judged({ first: silent, other: idle }, wait)), "waiting NoTraffic");
  assert.equal(
    reasonOf(judged({ first: aReport(), second: silent, other: AN_OLD }, wait)),
    "waiting NoTraffic",
  );
});
