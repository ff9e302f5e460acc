// The extender's replicas as the cluster sees them: which are ready, which one holds the Lease and is labelled.

import assert from "node:assert/strict";
import { LEASES, MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { LEADER_LABEL } from "#scheduler-extender/shell/leader-label.ts";
import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface Replica {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export async function replicasOf(cluster: TestCluster): Promise<readonly Replica[]> {
  const labelSelector = `app.kubernetes.io/name=${EXTENDER_LEASE}`;
  return (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector })) as readonly Replica[];
}

export function isReady({ status }: Replica): boolean {
  return status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
}

export function isLabelled({ metadata }: Replica): boolean {
  return metadata.labels[LEADER_LABEL] === EXTENDER_LEASE;
}

/** @throws AssertionError unless exactly one replica is labelled. */
export async function leaderOf(cluster: TestCluster): Promise<Replica> {
  const labelled = (await replicasOf(cluster)).filter(isLabelled);
  const [leader] = labelled;
  assert.ok(leader !== undefined && labelled.length === 1, `${labelled.length} leaders`);
  return leader;
}

/** The name of the pod that holds the Lease; empty if none does. */
export async function leaseHolder(cluster: TestCluster): Promise<string> {
  return (await leaseSpec(cluster)).holderIdentity;
}

/** When the present holder took it, on the machine's clock. */
export async function leaseAcquiredMs(cluster: TestCluster): Promise<number> {
  return Date.parse((await leaseSpec(cluster)).acquireTime);
}

interface LeaseSpec {
  readonly holderIdentity: string;
  readonly acquireTime: string;
}

async function leaseSpec({ connection }: TestCluster): Promise<LeaseSpec> {
  const path = resourcePath({ ...LEASES, namespace: SYSTEM_NAMESPACE, name: EXTENDER_LEASE });
  return ((await connection.get(path)) as { spec: LeaseSpec }).spec;
}

/** After a rollout: the pods of before are gone, and one of those that are there is labelled and holds the Lease. */
export async function extenderRolledOut(cluster: TestCluster): Promise<void> {
  const deployment = `deployment/${EXTENDER_LEASE}`;
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", deployment, "--timeout=180s");
  await cluster.until(async () => {
    const replicas = await replicasOf(cluster);
    const labelled = replicas.filter(isLabelled).map(({ metadata }) => metadata.name);
    const isSettled = replicas.every(({ metadata }) => metadata.deletionTimestamp === undefined);
    return isSettled && labelled.length === 1 && labelled[0] === (await leaseHolder(cluster));
  }, "a leader among the new replicas");
  // The way to it is news too: until it has spread, webhooks and kube-scheduler go on without an extender that fails.
  await cluster.until(() => isInjected(cluster), "the webhook to answer");
}

/** A dry run of a pod of an app that has its ports, looked at for the pause that admission gives it. */
async function isInjected({ connection }: TestCluster): Promise<boolean> {
  const { items } = (await connection.get(resourcePath(MESH_PROFILES))) as {
    readonly items: readonly Profile[];
  };
  const app = items.find(({ status }) => status?.ports !== undefined)?.metadata;
  if (app === undefined) return true;
  const labels = { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: app.name };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "webhook-probe", labels },
    spec: { containers: [{ name: "app", image: "example" }] },
  };
  const path = resourcePath({ ...PODS, namespace: app.namespace });
  const { spec } = (await connection.create(path, pod, { dryRun: "All" })) as {
    readonly spec: { readonly containers: readonly { readonly lifecycle?: { readonly preStop?: object } }[] };
  };
  return spec.containers.every(({ lifecycle }) => lifecycle?.preStop !== undefined);
}

interface Profile {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status?: { readonly ports?: object };
}
