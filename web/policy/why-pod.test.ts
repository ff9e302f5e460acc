import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { podStory, whatWouldHelp } from "./why-pod.ts";

const MIB = 1024 ** 2;
const amount = (cpuMilli: number, mebibytes: number) => ({ cpuMilli, memoryBytes: mebibytes * MIB });
const range = (cpuMilli: number, mebibytes: number) => ({
  min: amount(cpuMilli, mebibytes),
  max: amount(cpuMilli, mebibytes),
});
const FIGURES = {
  meshCost: range(70, 211),
  free: range(100, 400),
  reserved: range(0, 0),
  left: range(0, 0),
};

const WAITING: Explanation = {
  pod: { uid: "u1" as PodUid, namespace: "shop", name: "cart-1" },
  atMs: 0,
  appRequest: amount(500, 512),
  nodes: 6,
  groups: [
    {
      verdict: "meshShareDoesNotFit",
      nodes: 3,
      figures: FIGURES,
      closest: [
        {
          node: "n1" as NodeName,
          meshCost: amount(70, 211),
          free: amount(0, 0),
          reserved: amount(0, 0),
          left: amount(0, 0),
          missing: amount(20, 0),
        },
      ],
    },
    { verdict: "proxyAbsent", nodes: 2, figures: FIGURES, closest: [] },
    { verdict: "fits", nodes: 1, closest: [] },
  ],
};

test("what would help a waiting pod: nodes that fit first, then what is in the way on most nodes, with amounts", () => {
  const [fits, mesh, absent] = whatWouldHelp(WAITING);
  assert.match(fits?.advice[0] ?? "", /takes it/);
  assert.equal(mesh?.nodes, 3);
  assert.deepEqual(mesh?.advice.slice(0, 2), [
    "Free 20m CPU on n1.",
    "Or have it request 20m CPU less: then n1 takes it.",
  ]);
  assert.match(
    mesh?.advice[2] ?? "",
    /B, by which its app's instance makes the proxy grow \(70m CPU, 211 MiB\)/,
  );
  assert.match(absent?.advice[0] ?? "", /No node proxy pod runs on this node/);
});

test("no pod is told to request less than nothing", () => {
  const tiny = { ...WAITING, appRequest: amount(10, 512) };
  assert.ok(!whatWouldHelp(tiny).some(({ advice }) => advice.some((line) => line.startsWith("Or have it"))));
});

test("a bound pod's story begins with its node and the winner's reason, and has no advice", () => {
  const node = "n7" as NodeName;
  const zero = amount(0, 0);
  const candidate = {
    node,
    score: 10,
    groupPods: 1,
    leftShare: 0,
    strandedShare: 0,
    meshCost: zero,
    free: zero,
    reserved: zero,
    left: zero,
  };
  const last: Explanation = {
    ...WAITING,
    winner: {
      node,
      reason: "joinsInstance",
      groupPods: 1,
      decidedBy: "lessLeft",
      candidates: [candidate, candidate],
    },
  };
  const story = podStory({ pod: "shop/cart-1", state: "bound", node, last });
  assert.equal(
    story.headline,
    "shop/cart-1 runs on n7, where the app runs already: the fullest of 2 scored nodes.",
  );
  assert.deepEqual(story.helps, []);
});

test("of a pod that waits it is said where the reasons of nodes are that kube-scheduler ruled out itself", () => {
  const story = (nodesOf: "kubeScheduler" | "eligible") =>
    podStory({ pod: "shop/cart-1", state: "waiting", now: { nodesOf, explanation: WAITING } });
  assert.match(story("kubeScheduler").elsewhere ?? "", /kubectl -n shop describe pod cart-1\.$/);
  assert.equal(story("eligible").elsewhere, undefined);
});

test("whom a pod was preempted by is told", () => {
  const { preemption } = podStory({
    pod: "shop/cart-1",
    state: "unknown",
    preemptedBy: { pod: "shop/big", node: "n1" as NodeName, atMs: 0, isAdded: true },
  });
  assert.match(preemption[0] ?? "", /preempted on n1 by shop\/big: Berth added it/);
});
