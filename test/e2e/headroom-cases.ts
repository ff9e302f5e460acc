// Headroom pods on the real control plane: a pod that only B keeps out shows no autoscaler what it misses, its headroom pod
// does, by kube-scheduler's own verdict; and it is gone once the pod is placed or gone.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { decodePod } from "#kube/decode-pod.ts";
import { HEADROOM_LABEL } from "#model/app.ts";
import { auditedRequests } from "./audit-log.ts";
import { heavyProfile } from "./explain-cases.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { POOL } from "./placement-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const MANIFESTS = fileURLToPath(new URL("../../manifests", import.meta.url));
const ROLE = "berth-scheduler-extender-headroom";
const NEW_NODE = { name: "scaled-up", cpu: "10", memory: "16Gi", pool: POOL };

interface Verdict {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
  readonly spec: { readonly priority?: number };
}

export function headroomCases(cluster: () => TestCluster): void {
  test("with headroom pods, a pod that only B keeps out gets one that kube-scheduler itself finds no room for", async (t) => {
    await cluster().kubectl("apply", "-k", `${MANIFESTS}/overlays/headroom`);
    await extenderRolledOut(cluster());
    for (const app of ["tall", "taller"]) await cluster().apply(heavyProfile(app));
    await cluster().apply(deployment("tall", { replicas: 1, cpu: "6", memory: "1Gi", pool: POOL }));
    const startedMs = performance.now();
    await cluster().until(async () => (await headroom(cluster())).length === 1, "the headroom pod");
    t.diagnostic(`after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    const [pod] = (await cluster().pods(APP_NAMESPACE, { labelSelector: "berth.dev/app=tall" })).map(
      decodePod,
    );
    const [made] = (await headroom(cluster())).map(decodePod);
    assert.ok(pod !== undefined && made !== undefined);
    assert.deepEqual([made.headroomFor, made.app, pod.nodeName], [pod.uid, undefined, undefined]);
    assert.ok(made.request.cpuMilli > pod.request.cpuMilli, "A + B");
    await cluster().until(async () => {
      const [seen] = (await headroom(cluster())) as readonly Verdict[];
      const condition = seen?.status?.conditions?.find(({ type }) => type === "PodScheduled");
      if (condition?.reason !== "Unschedulable") return false;
      t.diagnostic(condition.message ?? "");
      assert.match(condition.message ?? "", /Insufficient cpu/);
      assert.equal(seen?.spec.priority, -5);
      return true;
    }, "kube-scheduler's own verdict");
  });

  test("once a node is added the pod takes it, and the headroom pod is gone", async (t) => {
    const startedMs = performance.now();
    await cluster().addNodes([NEW_NODE]);
    await cluster().until(async () => {
      const [pod] = (await cluster().pods(APP_NAMESPACE, { labelSelector: "berth.dev/app=tall" })).map(
        decodePod,
      );
      return pod?.nodeName === NEW_NODE.name;
    }, "the pod to be bound");
    await cluster().until(
      async () => (await headroom(cluster())).length === 0,
      "the headroom pod to be gone",
    );
    t.diagnostic(`after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  });

  test("a headroom pod goes with a pod that is deleted; the extender read and made them under its own account", async () => {
    // The new node's proxy keeps its size for minutes after its app has left: what it could take would need no B.
    await cluster().kubectl("cordon", NEW_NODE.name);
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "tall");
    await cluster().apply(deployment("taller", { replicas: 1, cpu: "6", memory: "1Gi", pool: POOL }));
    await cluster().until(async () => (await headroom(cluster())).length === 1, "the headroom pod");
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "taller");
    await cluster().until(
      async () => (await headroom(cluster())).length === 0,
      "the headroom pod to be gone",
    );
    const used = auditedRequests(cluster().controlPlane.files.auditLog).filter(
      ({ account, resource, namespace }) =>
        account === "berth-scheduler-extender" && resource === "pods" && namespace === APP_NAMESPACE,
    );
    // Not the deletions: kube-scheduler's preemption and the garbage collector may be faster, as here.
    for (const verb of ["get", "create"])
      assert.ok(
        used.some((request) => request.verb === verb && request.status < 300),
        verb,
      );
  });

  test("without the component again, nothing of it is left", async () => {
    await cluster().kubectl("apply", "-k", `${MANIFESTS}/base`);
    // First, or a replica on its way out might ask for what it may not do any more.
    await extenderRolledOut(cluster());
    for (const kind of ["clusterrole", "clusterrolebinding"]) await cluster().kubectl("delete", kind, ROLE);
    await cluster().kubectl("delete", "priorityclass", "berth-headroom");
    for (const app of ["tall", "taller"])
      await cluster().kubectl("-n", APP_NAMESPACE, "delete", "meshprofile", app);
  });
}

async function headroom(cluster: TestCluster) {
  return cluster.pods(APP_NAMESPACE, { labelSelector: HEADROOM_LABEL });
}
