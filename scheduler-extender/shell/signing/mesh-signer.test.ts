import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { decodeSigningRequest, type SigningRequest } from "#kube/certificate-signing-request.ts";
import { KubeConnection } from "#kube/connection.ts";
import { settleUntil } from "#kube/settle.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { aSigningRequest, type SigningRequestOptions } from "../../testing/signing-request.ts";
import { MeshAuthority } from "./mesh-authority.ts";
import { MeshSigner } from "./mesh-signer.ts";

const START_MS = Date.UTC(2026, 0, 1);
const NAMESPACE = "berth-system";
const WEB = [{ type: "url", value: "spiffe://cluster.local/ns/shop/app/web" }] as const;

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let ledger: ClusterLedger;
let signers: MeshSigner[];
let outcomes: string[];
let isLeader: boolean;

beforeEach(async () => {
  clock = new VirtualClock(START_MS);
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  api.store.create("secrets", { metadata: { name: "authority", namespace: NAMESPACE } });
  api.store.create("configmaps", { metadata: { name: "roots", namespace: NAMESPACE } });
  ledger = new ClusterLedger();
  ledger.upsertNode(aNode({ name: "node-1" }));
  ledger.upsertPod(aProxy());
  ledger.upsertPod(aPod({ name: "cart-1", node: "node-1" }));
  [signers, outcomes, isLeader] = [[], [], true];
});

afterEach(async () => {
  await Promise.all(signers.map((signer) => signer.stop()));
  await connection.close();
  await api.close();
});

function started(): void {
  const parts = { connection, clock, logger: silentLogger };
  const signer = new MeshSigner({
    ...parts,
    authority: new MeshAuthority({ ...parts, namespace: NAMESPACE, secret: "authority", configMap: "roots" }),
    ledger,
    rules: { trustDomain: "cluster.local", proxyUsername: `system:serviceaccount:${NAMESPACE}:berth-proxy` },
    mayAct: () => isLeader,
    metrics: () => ({ answered: (outcome) => void outcomes.push(outcome) }),
    random: () => 0.5,
  });
  signers.push(signer);
  signer.start();
}

async function ask(options: Partial<SigningRequestOptions> = {}): Promise<void> {
  await connection.create(
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    await aSigningRequest({ name: "r1", ...options }),
  );
}

async function answered(name = "r1"): Promise<SigningRequest> {
  const stored = (): SigningRequest =>
    decodeSigningRequest(api.store.get("certificatesigningrequests", { name }));
  await settled(() => !["pending", "approved"].includes(stored().state) && outcomes.length > 0);
  return stored();
}

async function settled(isTrue: () => boolean): Promise<void> {
  await settleUntil(clock, isTrue);
}

function roots(): string {
  const map = api.store.get("configmaps", { name: "roots", namespace: NAMESPACE }) as unknown as {
    readonly data?: Readonly<Record<string, string>>;
  };
  return map.data?.["roots.crt"] ?? "";
}

test("a proxy with a pod of the app on its node gets a certificate that the published root signed", async () => {
  started();
  await ask();
  const { state, certificate, conditions } = await answered();
  assert.equal(state, "issued");
  assert.deepEqual(outcomes, ["issued"]);
  assert.equal((conditions[0] as { readonly type: string }).type, "Approved");
  const leaf = new X509Certificate(certificate);
  const root = new X509Certificate(roots());
  assert.ok(leaf.verify(root.publicKey) && leaf.checkIssued(root) && root.ca && !leaf.ca);
  assert.equal(leaf.subjectAltName, "URI:spiffe://cluster.local/ns/shop/app/cart");
  assert.equal(leaf.validToDate.getTime() - clock.nowMs() <= 24 * 3_600_000, true);
  assert.deepEqual([...(leaf.keyUsage ?? [])].sort(), ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

test("a proxy that asks for an app without a pod on its node is denied, and told why", async () => {
  started();
  await ask({ names: WEB });
  const { state, refusal, certificate } = await answered();
  assert.deepEqual([state, certificate], ["denied", ""]);
  assert.match(refusal ?? "", /^AppNotOnNode: .*app\/web, from node node-1/);
  assert.deepEqual(outcomes, ["AppNotOnNode"]);
});

test("a pod whose news is late is waited for", async () => {
  started();
  await ask({ names: WEB });
  await settled(() => clock.nowMs() - START_MS > 3_000);
  assert.deepEqual(outcomes, []);
  ledger.upsertPod(aPod({ name: "web-1", app: "web", node: "node-1" }));
  assert.equal((await answered()).state, "issued");
});

test("others than the leader answer nothing, and the next leader answers what is left", async () => {
  isLeader = false;
  started();
  await ask();
  await settled(() => clock.nowMs() - START_MS > 5_000);
  assert.equal(
    decodeSigningRequest(api.store.get("certificatesigningrequests", { name: "r1" })).state,
    "pending",
  );
  isLeader = true;
  assert.equal((await answered()).state, "issued");
});

test("what somebody approved by hand is not certified for it: it fails", async () => {
  isLeader = false;
  started();
  await ask({ names: WEB });
  const conditions = [{ type: "Approved", status: "True", reason: "ByHand", message: "" }];
  await connection.patch(
    "/apis/certificates.k8s.io/v1/certificatesigningrequests/r1/approval",
    { status: { conditions } },
    { type: "merge" },
  );
  isLeader = true;
  const { state, certificate } = await answered();
  assert.deepEqual([state, certificate], ["failed", ""]);
});

test("requests of other signers are nobody's business", async () => {
  started();
  const object = (await aSigningRequest({ name: "other" })) as { readonly spec: object };
  await connection.create("/apis/certificates.k8s.io/v1/certificatesigningrequests", {
    ...object,
    spec: { ...object.spec, signerName: "kubernetes.io/kube-apiserver-client" },
  });
  await ask();
  await answered();
  assert.deepEqual(outcomes, ["issued"]);
  const { state } = decodeSigningRequest(api.store.get("certificatesigningrequests", { name: "other" }));
  assert.equal(state, "pending");
});
