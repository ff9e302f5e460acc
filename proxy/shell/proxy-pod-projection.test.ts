import assert from "node:assert/strict";
import { test } from "node:test";

import { projectProxyPod } from "./proxy-pod-projection.ts";

function projected(status: object, metadata: object = {}): ReturnType<typeof projectProxyPod> {
  return projectProxyPod({
    metadata: { uid: "u1", name: "berth-proxy-1", ...metadata },
    spec: { containers: [{ name: "logger" }, { name: "proxy" }] },
    status,
  });
}

function container(facts: object): object {
  return {
    containerStatuses: [
      { name: "logger", started: true },
      { name: "proxy", ...facts },
    ],
  };
}

test("a pod is started when kubelet says so of the container that carries the mesh", () => {
  assert.equal(projected({}).isStarted, false);
  assert.equal(projected(container({ started: false })).isStarted, false);
  assert.equal(projected(container({ started: true })).isStarted, true);
});

test("a pod may run unless its container waits for something else than to be started", () => {
  const waiting = (reason: string): boolean =>
    projected(container({ state: { waiting: { reason } } })).mayRun;
  assert.equal(projected({}).mayRun, true);
  assert.equal(projected(container({ state: { running: {} } })).mayRun, true);
  assert.equal(waiting("ContainerCreating"), true);
  for (const reason of ["ImagePullBackOff", "CrashLoopBackOff"]) assert.equal(waiting(reason), false);
});

test("a pod leaves once its deletion is asked for or it has ended, and follows those of its owner", () => {
  assert.equal(projected({}).isLeaving, false);
  assert.equal(projected({ phase: "Failed" }).isLeaving, true);
  assert.equal(projected({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }).isLeaving, true);
  const ownerReferences = [{ uid: "other" }, { uid: "daemonset", controller: true }];
  assert.equal(projected({}, { ownerReferences }).ownerUid, "daemonset");
  assert.equal(projected({}).ownerUid, undefined);
});

test("what is no pod is refused", () => {
  assert.throws(() => projectProxyPod({ metadata: { name: "x" } }), TypeError);
});
