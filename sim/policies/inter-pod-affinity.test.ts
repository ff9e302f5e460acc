import assert from "node:assert/strict";
import { test } from "node:test";
import { affinityFilter, scoreAffinity } from "./inter-pod-affinity.ts";
import type { PodAffinity } from "./pod-affinity.ts";
import { ZONE_LABEL } from "./node-tree.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";
import { HOSTNAME_LABEL } from "./scheduler-node.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";

const CART = { matchLabels: { app: "cart" } };

/** Nodes a1 and a2 in zone a, b1 in zone b, and one without a zone. */
function aCluster(): SchedulerCluster {
  const allocatable = { cpuMilli: 4000, memoryBytes: 2 ** 34 };
  const zones = { a1: "a", a2: "a", b1: "b", lone: undefined };
  return new SchedulerCluster(
    Object.entries(zones).map(([name, zone]) => ({
      name,
      allocatable,
      labels: { [HOSTNAME_LABEL]: name, ...(zone === undefined ? {} : { [ZONE_LABEL]: zone }) },
    })),
  );
}

function aPod(app: string, podAffinity?: PodAffinity, namespace = "default"): SchedulerPod {
  const request = { cpuMilli: 100, memoryBytes: 2 ** 20 };
  return { request, namespace, labels: { app }, ...(podAffinity === undefined ? {} : { podAffinity }) };
}

function refused(cluster: SchedulerCluster, pod: SchedulerPod): Record<string, string> {
  const filter = affinityFilter(pod, cluster.groups);
  return Object.fromEntries(
    cluster.nodes.flatMap((node) => {
      const rejection = filter?.(node);
      return rejection === undefined ? [] : [[node.name, rejection]];
    }),
  );
}

function scores(cluster: SchedulerCluster, pod: SchedulerPod): Record<string, number> | undefined {
  const raw = new Float64Array(cluster.nodes.length);
  if (!scoreAffinity(pod, { feasible: cluster.nodes, groups: cluster.groups }, raw)) return undefined;
  return Object.fromEntries(cluster.nodes.map(({ name }, index) => [name, raw[index] ?? 0]));
}

test("a pod that must be beside others in their zone is refused elsewhere, and where there is no zone", () => {
  const cluster = aCluster();
  cluster.addPod("a1", aPod("cart"));
  const pod = aPod("shop", { required: [{ labelSelector: CART, topologyKey: ZONE_LABEL }] });
  assert.deepEqual(refused(cluster, pod), {
    b1: "node(s) didn't match pod affinity rules",
    lone: "node(s) didn't match pod affinity rules",
  });
});

test("the first of pods that must be together may go anywhere with the label, a stranger nowhere", () => {
  const cluster = aCluster();
  const together = { required: [{ labelSelector: CART, topologyKey: ZONE_LABEL }] };
  assert.deepEqual(Object.keys(refused(cluster, aPod("cart", together))), ["lone"]);
  assert.equal(Object.keys(refused(cluster, aPod("shop", together))).length, 4);
});

test("two required terms have to be met by one and the same pod", () => {
  const cluster = aCluster();
  cluster.addPod("a1", aPod("cart"));
  cluster.addPod("b1", { ...aPod("cart"), labels: { app: "cart", tier: "web" } });
  const web = { matchLabels: { tier: "web" } };
  const required = [
    { labelSelector: CART, topologyKey: ZONE_LABEL },
    { labelSelector: web, topologyKey: HOSTNAME_LABEL },
  ];
  assert.deepEqual(Object.keys(refused(cluster, aPod("shop", { required }))).sort(), ["a1", "a2", "lone"]);
});

test("pods are kept apart by their own wish and by the wish of those that are there", () => {
  const cluster = aCluster();
  const apart = { requiredApart: [{ labelSelector: CART, topologyKey: HOSTNAME_LABEL }] };
  cluster.addPod("a1", aPod("cart"));
  cluster.addPod("b1", aPod("shop", apart));
  assert.deepEqual(refused(cluster, aPod("cart", apart)), {
    a1: "node(s) didn't match pod anti-affinity rules",
    b1: "node(s) didn't satisfy existing pods anti-affinity rules",
  });
  cluster.removePod("b1", aPod("shop", apart));
  assert.deepEqual(refused(cluster, aPod("cart")), {});
});

test("a term looks in the namespace of its own pod unless it names others", () => {
  const cluster = aCluster();
  cluster.addPod("a1", aPod("cart", undefined, "blue"));
  const term = { labelSelector: CART, topologyKey: HOSTNAME_LABEL };
  const apart = (namespaces?: readonly string[] | "all"): PodAffinity => ({
    requiredApart: [namespaces === undefined ? term : { ...term, namespaces }],
  });
  assert.deepEqual(refused(cluster, aPod("shop", apart())), {});
  for (const namespaces of [["blue"], "all"] as const)
    assert.deepEqual(Object.keys(refused(cluster, aPod("shop", apart(namespaces)))), ["a1"]);
});

test("soft wishes of both sides are added up over each pod, and stretched from 0 to 100", () => {
  const cluster = aCluster();
  const term = { labelSelector: CART, topologyKey: HOSTNAME_LABEL };
  cluster.addPod("a1", aPod("cart"));
  cluster.addPod("a1", aPod("cart"));
  cluster.addPod("a2", aPod("shop", { preferredApart: [{ weight: 30, term }] }));
  cluster.addPod("b1", aPod("shop", { required: [term] }));
  const pod = aPod("cart", { preferred: [{ weight: 10, term }] });
  // 20 on a1, -30 on a2, 1 on b1 for the hard wish of the pod there, 0 on the last.
  assert.deepEqual(scores(cluster, pod), { a1: 100, b1: 62, lone: 60, a2: 0 });
});

test("where nobody wishes anything nothing is scored", () => {
  const cluster = aCluster();
  cluster.addPod("a1", aPod("cart"));
  assert.equal(scores(cluster, aPod("cart")), undefined);
  assert.equal(affinityFilter(aPod("cart"), cluster.groups), undefined);
});

test("pods on a node that is gone are nowhere", () => {
  const cluster = aCluster();
  cluster.addPod("a1", aPod("cart"));
  cluster.removeNode("a1");
  const pod = aPod("shop", { required: [{ labelSelector: CART, topologyKey: ZONE_LABEL }] });
  assert.deepEqual(Object.keys(refused(cluster, pod)), ["a2", "b1", "lone"].sort());
});
