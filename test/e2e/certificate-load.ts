// What goes on while the extender's certificate is exchanged: the real API server calls its webhook for every pod that is
// created, the real kube-scheduler its verbs for each of them, and callers beside that one make a new connection for each
// call, where kube-scheduler keeps its own.

import assert from "node:assert/strict";
import { type CallCounts, callSteadily } from "#scheduler-extender/testing/steady-callers.ts";
import { aPod, boundPods, createSteadily, schedulingFailures, type SteadyPods } from "./steady-pods.ts";
import type { TestCluster } from "./test-cluster.ts";
import { failedOpen } from "./webhook-calls.ts";

/** The name that certificates of the extender are for. */
export const SERVER_NAME = "berth-scheduler-extender.berth-system.svc";
const WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/berth";

export interface CertificateLoad {
  readonly pods: SteadyPods;
  readonly calls: CallCounts;
  /** Calls of the webhook's that the API server gave up, for all pods of the cluster. */
  readonly webhookCallsFailed: number;
}

interface LoadOptions {
  readonly namespace: string;
  /** Where this machine reaches the extender. */
  readonly url: string;
  /** PEM: whom a new connection trusts. */
  readonly ca: () => string;
}

/** Begins once a first pod has the app's ports and a node, for that takes longer than those that follow. */
export async function underLoad(
  cluster: TestCluster,
  { namespace, url, ca }: LoadOptions,
  during: () => Promise<void>,
): Promise<CertificateLoad> {
  await cluster.connection.create(`/api/v1/namespaces/${namespace}/pods`, aPod("first"));
  await cluster.until(
    async () => (await boundPods(cluster, namespace)) === 1,
    "the first pod, with the app's ports",
  );
  const before = await failedOpen(cluster);
  const metadata = { name: "asked", namespace, uid: "asked" };
  const pod = { metadata, spec: { containers: [{ name: "app" }] } };
  const body = JSON.stringify({ Pod: pod, Nodes: null, NodeNames: ["node-0"] });
  const callers = { servername: SERVER_NAME, body, ca, keeping: 1, connecting: 1 };
  let pods: SteadyPods | undefined;
  const calls = await callSteadily({ url: `${url}/filter`, ...callers }, async () => {
    pods = await createSteadily(cluster, namespace, during);
  });
  assert.ok(pods !== undefined);
  return { pods, calls, webhookCallsFailed: (await failedOpen(cluster)) - before };
}

/** Every pod was injected and placed, and no call failed although there were different certificates. */
export async function assertNothingFailed(
  cluster: TestCluster,
  namespace: string,
  { pods, calls, webhookCallsFailed }: CertificateLoad,
): Promise<void> {
  assert.deepEqual(pods.failed, []);
  assert.deepEqual(pods.withoutInjection, []);
  assert.equal(webhookCallsFailed, 0);
  assert.deepEqual(calls.failed, []);
  assert.ok(calls.certificates >= 2, `${calls.certificates} certificates were met`);
  // The first pod, and those that came steadily.
  const expected = pods.created + 1;
  await cluster.until(
    async () => (await boundPods(cluster, namespace)) === expected,
    "all pods to be placed",
  );
  assert.deepEqual(await schedulingFailures(cluster, namespace), []);
}

export function describeLoad({ pods, calls, webhookCallsFailed }: CertificateLoad): string {
  return `${pods.created} pods created, ${webhookCallsFailed} calls of the webhook failed, ${pods.withoutInjection.length} pods not injected; ${calls.calls} calls of a verb over ${calls.connections} TLS connections met ${calls.certificates} certificates, ${calls.failed.length} failed`;
}

/** Base64, of all its webhooks; empty while they differ. */
export async function caBundle({ connection }: TestCluster): Promise<string> {
  const { webhooks } = (await connection.get(WEBHOOK)) as {
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  };
  const bundles = new Set(webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? ""));
  return bundles.size === 1 ? ([...bundles][0] ?? "") : "";
}
