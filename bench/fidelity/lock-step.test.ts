import assert from "node:assert/strict";
import { test } from "node:test";
import { compareInLockStep, newAgreement } from "./lock-step.ts";
import type { RealDecision } from "./real-run.ts";

/** Two nodes, of which the second is the emptier one after the first pod. */
const STATE = {
  nodes: ["n1", "n2"].map((name) => ({
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    status: { allocatable: { cpu: "4", memory: "16Gi", pods: "110" } },
  })),
  proxies: [],
  owners: [],
  profiles: [],
};
/** On an empty node 75 % and 93 % stay free, on average 84; its balance falls from 100 to 90: 70; no taint: 3 × 100. */
const EMPTY_TOTAL = 84 + 70 + 300;

interface Said {
  readonly nodeName: string | undefined;
  readonly totals?: Readonly<Record<string, number>>;
}

function aDecision(name: string, { nodeName, totals = {} }: Said): RealDecision {
  const resources = { requests: { cpu: "1", memory: "1Gi" } };
  const spec = { containers: [{ name: "app", image: "app", resources }] };
  const pod = { metadata: { uid: name, name, namespace: "bench", labels: {} }, spec };
  return {
    pod,
    bound: nodeName === undefined ? undefined : { ...pod, spec: { ...spec, nodeName } },
    nodeName,
    atMs: 0,
    logged: { totals: new Map(Object.entries(totals)), scores: new Map(), evaluatedNodes: undefined },
    asked: undefined,
  };
}

function agreementOn(...decisions: readonly RealDecision[]) {
  const agreement = newAgreement();
  compareInLockStep(agreement, STATE, { decisions, mode: "plain" });
  return agreement;
}

test("what both sides say alike counts as agreed, down to the totals", () => {
  const first = aDecision("p1", { nodeName: "n2", totals: { n1: EMPTY_TOTAL, n2: EMPTY_TOTAL } });
  const { pairs, pairsAgreed, choicesAgreed, totalsAgreed, bestSizes, chance, disagreements } =
    agreementOn(first);
  assert.deepEqual(disagreements, []);
  assert.deepEqual([pairs, pairsAgreed, choicesAgreed, totalsAgreed], [2, 2, 1, 2]);
  assert.deepEqual([bestSizes, chance], [[2], 1]);
});

test("a node that is feasible on one side only, or that the model would not take, or scores otherwise, is told", () => {
  const first = aDecision("p1", { nodeName: "n1", totals: { n1: EMPTY_TOTAL, n2: EMPTY_TOTAL } });
  const again = aDecision("p2", { nodeName: "n1", totals: { n1: EMPTY_TOTAL, n2: EMPTY_TOTAL } });
  const { choicesAgreed, totalsAgreed, disagreements } = agreementOn(first, again);
  assert.deepEqual([choicesAgreed, totalsAgreed], [1, 3]);
  assert.match(disagreements[0] ?? "", /^p2: took n1, the model's best are n2$/);
  const alone = agreementOn(aDecision("p1", { nodeName: "n1" }));
  assert.deepEqual([alone.pairs, alone.pairsAgreed, alone.choices], [2, 1, 0]);
  const turnedDown = agreementOn(aDecision("p1", { nodeName: undefined }));
  assert.deepEqual([turnedDown.pairsAgreed, turnedDown.podsRejected], [0, 1]);
});

test("a disagreement is not carried on: the model goes by what was really done", () => {
  const first = aDecision("p1", { nodeName: "n1", totals: { n1: EMPTY_TOTAL, n2: EMPTY_TOTAL } });
  const wrong = aDecision("p2", { nodeName: "n1", totals: { n1: 0, n2: EMPTY_TOTAL } });
  const right = aDecision("p3", { nodeName: "n2", totals: { n2: EMPTY_TOTAL } });
  const { choices, choicesAgreed } = agreementOn(first, wrong, right);
  assert.deepEqual([choices, choicesAgreed], [2, 1]);
});
