import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod, anApp } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import {
  CERTIFICATE_LIFE_MS,
  CERTIFICATE_USAGES,
  type SigningQuestion,
  type SigningVerdict,
  signingVerdict,
} from "./signing-verdict.ts";

const RULES = {
  trustDomain: "cluster.local",
  proxyUsername: "system:serviceaccount:berth-system:berth-proxy",
};
const NOW_MS = 1_000_000;
const LONG_AGO_MS = NOW_MS - 3_600_000;
const PROXY = { "node-1": "proxy-1" as PodUid, "node-2": "proxy-2" as PodUid };

/** cart runs on node-1, web on node-2, and a pod of cart is promised to node-2 and not bound. */
function ledger(): ClusterLedger {
  const cluster = new ClusterLedger();
  for (const name of ["node-1", "node-2"] as const) {
    cluster.upsertNode(aNode({ name }));
    cluster.upsertPod({ ...aProxy({ node: name }), uid: PROXY[name] });
  }
  cluster.upsertPod(aPod({ name: "cart-1", node: "node-1" }));
  cluster.upsertPod(aPod({ name: "web-1", app: "web", node: "node-2" }));
  const promised = aPod({ name: "cart-2" });
  cluster.upsertPod(promised);
  cluster.reserve({ pod: promised, node: "node-2" as NodeName, expiresAtMs: NOW_MS + 60_000 });
  return cluster;
}

function asked(overrides: Partial<SigningQuestion> = {}): SigningQuestion {
  return {
    username: RULES.proxyUsername,
    node: "node-1" as NodeName,
    pod: PROXY["node-1"],
    usages: CERTIFICATE_USAGES,
    lifeMs: CERTIFICATE_LIFE_MS,
    createdAtMs: LONG_AGO_MS,
    spiffeId: "spiffe://cluster.local/ns/shop/app/cart",
    ...overrides,
  };
}

function verdict(overrides: Partial<SigningQuestion> = {}, cluster = ledger()): SigningVerdict {
  return signingVerdict(asked(overrides), RULES, { ledger: cluster, nowMs: NOW_MS });
}

test("a proxy is certified for an app with a pod on its node", () => {
  assert.deepEqual(verdict(), {
    kind: "sign",
    app: anApp("cart"),
    node: "node-1",
    lifeMs: CERTIFICATE_LIFE_MS,
  });
});

test("a proxy is refused an app that is on another node only, or is only promised to its own", () => {
  const web = "spiffe://cluster.local/ns/shop/app/web";
  assert.deepEqual(verdict({ spiffeId: web }), { kind: "deny", reason: "appNotOnNode" });
  const onNode2 = { node: "node-2" as NodeName, pod: PROXY["node-2"] };
  assert.deepEqual(verdict(onNode2), { kind: "deny", reason: "appNotOnNode" });
});

test("an app is refused as soon as its last pod on the node is gone or finished", () => {
  for (const end of [
    (cluster: ClusterLedger) => cluster.removePod("uid-of-cart-1" as PodUid),
    (cluster: ClusterLedger) => cluster.upsertPod(aPod({ name: "cart-1", node: "node-1", isFinished: true })),
  ]) {
    const cluster = ledger();
    end(cluster);
    assert.deepEqual(verdict({}, cluster), { kind: "deny", reason: "appNotOnNode" });
  }
});

test("what may be news on its way is waited for, for ten seconds", () => {
  const web = "spiffe://cluster.local/ns/shop/app/web";
  const createdAtMs = NOW_MS - 9_999;
  assert.deepEqual(verdict({ spiffeId: web, createdAtMs }), { kind: "wait", untilMs: NOW_MS + 1 });
  assert.deepEqual(verdict({ spiffeId: web, createdAtMs: NOW_MS - 10_000 }).kind, "deny");
});

for (const [why, reason, overrides] of [
  ["another service account", "notAProxy", { username: "system:serviceaccount:shop:default" }],
  ["a node's own kubelet", "notAProxy", { username: "system:node:node-1" }],
  ["a token that is bound to no pod", "noNode", { node: undefined, pod: undefined }],
  ["a pod that is no proxy", "unknownProxy", { pod: "uid-of-cart-1" as PodUid }],
  ["another node's proxy", "unknownProxy", { pod: PROXY["node-2"] }],
  ["a request that is not one", "malformedRequest", { spiffeId: undefined }],
  ["another trust domain", "otherTrustDomain", { spiffeId: "spiffe://b.example/ns/shop/app/cart" }],
  ["what is no app", "otherTrustDomain", { spiffeId: "spiffe://cluster.local/ns/shop/sa/cart" }],
  ["an authority's usages", "otherUsages", { usages: [...CERTIFICATE_USAGES, "cert sign"] }],
  ["too few usages", "otherUsages", { usages: ["client auth"] }],
] as const satisfies readonly (readonly [string, string, Partial<SigningQuestion>])[]) {
  test(`${why} is refused: ${reason}`, () => {
    assert.deepEqual(verdict(overrides), { kind: "deny", reason });
  });
}

test("a certificate lives from ten minutes to a day, whatever is asked for", () => {
  const life = (lifeMs: number | undefined): number => {
    const found = verdict({ lifeMs });
    return found.kind === "sign" ? found.lifeMs : Number.NaN;
  };
  assert.equal(life(undefined), CERTIFICATE_LIFE_MS);
  assert.equal(life(10 * CERTIFICATE_LIFE_MS), CERTIFICATE_LIFE_MS);
  assert.equal(life(1_000), 600_000);
  assert.equal(life(3_600_000), 3_600_000);
});

test("whatever is asked, nobody is certified for an app without a pod bound to the node of the proxy that asks", () => {
  const cluster = ledger();
  const apps = fc
    .constantFrom("cart", "web", "none")
    .map((name) => `spiffe://cluster.local/ns/shop/app/${name}`);
  const nodes = fc.constantFrom("node-1", "node-2", "node-3", undefined);
  const pods = fc.constantFrom(...Object.values(PROXY), "uid-of-cart-1", undefined);
  fc.assert(
    fc.property(apps, nodes, pods, (spiffeId, node, pod) => {
      const found = verdict({ spiffeId, node: node as NodeName, pod: pod as PodUid }, cluster);
      const isRight =
        (spiffeId.endsWith("cart") && node === "node-1" && pod === "proxy-1") ||
        (spiffeId.endsWith("web") && node === "node-2" && pod === "proxy-2");
      assert.equal(found.kind === "sign", isRight);
    }),
  );
});
