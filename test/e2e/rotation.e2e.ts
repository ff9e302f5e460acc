// The extender's certificates are exchanged while the real API server calls its webhook for every pod that is created and
// the real kube-scheduler calls its verbs over TLS: an authority comes to its end and is followed by the next, in the
// webhook's caBundle as well, and then that one's first serving certificate takes over.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SERVING_LIFE_MS, AUTHORITY_LIFE_MS } from "#scheduler-extender/policy/certificate-renewal.ts";
import { certificateHosts } from "#scheduler-extender/shell/certificate-hosts.ts";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { type CallCounts, callSteadily } from "#scheduler-extender/testing/steady-callers.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { aPod, boundPods, createSteadily, schedulingFailures, type SteadyPods } from "./steady-pods.ts";
import { BASE, TestCluster } from "./test-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const SHOP = "shop";
const NODES = 9;
const SECRET = "berth-scheduler-extender-tls";
const SERVER_NAME = "berth-scheduler-extender.berth-system.svc";
const SECRETS = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`;
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/berth";
/**
 * Time for both replicas to take up what the suite wrote (they look every thirty seconds, one after the other), for
 * kube-scheduler to be wired, and for pods to come.
 */
const UNTIL_DUE_MS = 100_000;
/** Certificates begin five minutes before they are made, and last so much longer: a third of that is theirs to lose. */
const DUE_EARLIER_MS = 100_000;

let cluster: TestCluster;
let hasFailed = true;

before(async () => {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: `node-${index}`,
    cpu: "8",
    memory: "16Gi",
  }));
  cluster = await TestCluster.start(tools, nodes);
});

after(async () => {
  const folder = await cluster.stop({ keepLogs: hasFailed });
  if (hasFailed) process.stderr.write(`the logs of this run are in ${folder}\n`);
});

test("authority and certificate of the extender's own making are renewed while pods come steadily: every pod is injected and placed, no call fails", async (t) => {
  await cluster.kubectl("apply", "-k", BASE);
  await extenderRolledOut(cluster);
  await cluster.kubectl("create", "namespace", SHOP);
  const aged = await agedBundle();
  await cluster.connection.patch(`${SECRETS}/${SECRET}`, { data: aged }, { type: "merge" });
  await trusted(aged["ca.crt"], "the webhook to trust the aged authority");
  const { url } = await cluster.wireSchedulerDirectly(SECRET);
  await cluster.connection.create(`/api/v1/namespaces/${SHOP}/pods`, aPod("first"));
  await cluster.until(
    async () => (await boundPods(cluster, SHOP)) === 1,
    "the first pod, with the app's ports",
  );
  const laps = rounds(t);
  let pods: SteadyPods | undefined;
  const calls = await callersOf(url, async () => {
    pods = await createSteadily(cluster, SHOP, async () => {
      await cluster.until(
        async () => authorities(await caBundle()) === 2,
        "the next authority in the caBundle",
      );
      laps("the next authority is in the webhook's caBundle, beside the one that ends");
      await signedByNext();
      laps("the next authority's first certificate serves");
    });
  });
  assert.ok(pods !== undefined);
  await assertNothingFailed(pods, calls);
  t.diagnostic(
    `${pods.created} pods created, ${pods.withoutInjection.length} not injected; ${calls.calls} calls over ${calls.connections} TLS connections met ${calls.certificates} certificates, ${calls.failed.length} failed`,
  );
  hasFailed = false;
});

/** As the extender would have made it years ago: authority and certificate come to be renewed in a moment. */
async function agedBundle(): Promise<Record<"ca.crt" | "ca.key" | "tls.crt" | "tls.key", string>> {
  const dueMs = Date.now() + UNTIL_DUE_MS + DUE_EARLIER_MS;
  const authority = await makeAuthority(dueMs - (AUTHORITY_LIFE_MS * 2) / 3);
  const serving = await makeServingCertificate({
    authority,
    hosts: certificateHosts(undefined, SYSTEM_NAMESPACE),
    nowMs: dueMs - (SERVING_LIFE_MS * 2) / 3,
  });
  return {
    "ca.crt": base64(authority.certificate),
    "ca.key": base64(authority.key),
    "tls.crt": base64(serving.certificate),
    "tls.key": base64(serving.key),
  };
}

/** Eight months later: the serving certificate is due again, and the authority that followed signs it. */
async function signedByNext(): Promise<void> {
  const before = await servedCertificate();
  await cluster.connection.patch(
    `${SECRETS}/${SECRET}`,
    { data: { "tls.crt": "", "tls.key": "" } },
    { type: "merge" },
  );
  await cluster.until(async () => {
    const present = await servedCertificate();
    return present !== "" && present !== before;
  }, "another certificate in the Secret");
  // The other replica's look: thirty seconds after the one that wrote it.
  const written = Date.now();
  await cluster.until(async () => Date.now() - written > REPLICAS_LOOK_MS, "the other replica to look");
}

const REPLICAS_LOOK_MS = 32_000;

async function servedCertificate(): Promise<string> {
  const { data } = (await cluster.connection.get(`${SECRETS}/${SECRET}`)) as {
    readonly data: Readonly<Record<string, string>>;
  };
  return data["tls.crt"] ?? "";
}

async function caBundle(): Promise<string> {
  const { webhooks } = (await cluster.connection.get(WEBHOOKS)) as {
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  };
  const bundles = new Set(webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? ""));
  return bundles.size === 1 ? ([...bundles][0] ?? "") : "";
}

function authorities(bundle: string): number {
  return Buffer.from(bundle, "base64").toString().split("BEGIN CERTIFICATE").length - 1;
}

async function trusted(bundle: string, what: string): Promise<void> {
  await cluster.until(async () => (await caBundle()) === bundle, what);
  // Replicas that have not looked yet serve with what nobody trusts any more.
  const written = Date.now();
  await cluster.until(async () => Date.now() - written > REPLICAS_LOOK_MS, "the other replica to look");
}

/** Callers of a verb beside kube-scheduler, which keeps its connections: these make a new one for each call. */
async function callersOf(url: string, during: () => Promise<void>): Promise<CallCounts> {
  let ca = await cluster.authoritiesIn(SECRET);
  const metadata = { name: "asked", namespace: SHOP, uid: "asked" };
  const pod = { metadata, spec: { containers: [{ name: "app" }] } };
  const body = JSON.stringify({ Pod: pod, Nodes: null, NodeNames: ["node-0"] });
  const reading = setInterval(() => {
    void cluster.authoritiesIn(SECRET).then(
      (present) => (ca = present),
      () => undefined,
    );
  }, 1_000);
  try {
    return await callSteadily(
      { url: `${url}/filter`, servername: SERVER_NAME, body, ca: () => ca, keeping: 1, connecting: 1 },
      during,
    );
  } finally {
    clearInterval(reading);
  }
}

async function assertNothingFailed(pods: SteadyPods, calls: CallCounts): Promise<void> {
  assert.deepEqual(pods.failed, []);
  assert.deepEqual(pods.withoutInjection, []);
  assert.deepEqual(calls.failed, []);
  assert.ok(calls.certificates >= 2, `${calls.certificates} certificates were met`);
  // The first pod, and those that came steadily.
  const expected = pods.created + 1;
  await cluster.until(async () => (await boundPods(cluster, SHOP)) === expected, "all pods to be placed");
  assert.deepEqual(await schedulingFailures(cluster, SHOP), []);
}

function rounds(t: { diagnostic(message: string): void }): (what: string) => void {
  const startedMs = performance.now();
  return (what) => t.diagnostic(`${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
