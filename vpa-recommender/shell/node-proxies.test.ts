import assert from "node:assert/strict";
import { test } from "node:test";

import type { NodeName, PodUid } from "#model/brand.ts";
import { NodeProxies } from "./node-proxies.ts";
import { decodeProxyPod, type ProxyPod } from "./proxy-pod.ts";

const NODE = "node-1" as NodeName;
const PRESENT = aProxyPod("present", { isReady: true });
const WAITING = aProxyPod("waiting", { nodeName: undefined });

function aProxyPod(name: string, facts: Partial<ProxyPod> = {}): ProxyPod {
  const decoded = decodeProxyPod({
    metadata: { uid: name, name },
    spec: { nodeName: NODE, containers: [{ name: "proxy" }] },
  });
  return { ...decoded, ...facts };
}

function proxiesOf(...pods: readonly ProxyPod[]): NodeProxies {
  const proxies = new NodeProxies();
  for (const pod of pods) proxies.upsert(pod);
  return proxies;
}

test("the proxy that is ready is sized and the one that waits is next, in whatever order they are listed", () => {
  for (const proxies of [proxiesOf(PRESENT, WAITING), proxiesOf(WAITING, PRESENT)]) {
    assert.equal(proxies.sized(NODE)?.name, "present");
    assert.equal(proxies.next(NODE)?.name, "waiting");
  }
});

test("a next proxy that is bound is next until it is ready, and then it is the one to size", () => {
  const bound = { ...WAITING, nodeName: NODE };
  const proxies = proxiesOf(PRESENT, bound);
  assert.deepEqual([proxies.sized(NODE)?.name, proxies.next(NODE)?.name], ["present", "waiting"]);
  proxies.upsert({ ...bound, isReady: true });
  assert.equal(proxies.sized(NODE)?.name, "waiting");
});

test("a proxy that is terminating is sized only where there is no other, and is nobody's next", () => {
  const leaving = { ...PRESENT, isTerminating: true };
  const proxies = proxiesOf(leaving);
  assert.equal(proxies.sized(NODE)?.name, "present");
  proxies.upsert(aProxyPod("other"));
  assert.deepEqual([proxies.sized(NODE)?.name, proxies.next(NODE)], ["other", undefined]);
});

test("when the one that was sized is gone another takes its place, and a node without any is forgotten", () => {
  const proxies = proxiesOf(PRESENT, aProxyPod("other"));
  proxies.remove(PRESENT);
  assert.equal(proxies.sized(NODE)?.name, "other");
  proxies.remove(aProxyPod("other"));
  assert.deepEqual([proxies.sized(NODE), [...proxies.allSized()]], [undefined, []]);
});

test("of what is known of a proxy's shares the newer stays, also where the watch is behind", () => {
  const proxies = proxiesOf({ ...PRESENT, shares: { version: 2, apps: new Map() } });
  proxies.upsert({ ...PRESENT, shares: { version: 1, apps: new Map() } });
  assert.equal(proxies.sized(NODE)?.shares?.version, 2);
});

test("a proxy waits for the node that its DaemonSet wrote into its affinity, and for no other", () => {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [NODE] }];
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
  const raw = (spec: object): unknown => ({
    metadata: { uid: "u1" as PodUid, name: "waiting" },
    spec: { containers: [{ name: "proxy" }], ...spec },
  });
  assert.equal(decodeProxyPod(raw({ affinity: { nodeAffinity } })).ownNode, NODE);
  assert.equal(decodeProxyPod(raw({ nodeName: "node-2", affinity: { nodeAffinity } })).ownNode, "node-2");
  for (const affinity of [undefined, null, { podAntiAffinity: {} }])
    assert.equal(decodeProxyPod(raw({ affinity })).ownNode, undefined);
});
