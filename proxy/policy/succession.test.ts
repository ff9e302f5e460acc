import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_SUCCESSION, type ProxyPodView, successionOf } from "./succession.ts";

const OWN = aProxyPod("own");
const NEXT = aProxyPod("next", { isStarted: false });

function aProxyPod(name: string, facts: Partial<ProxyPodView> = {}): ProxyPodView {
  const standing = { isStarted: true, mayRun: true, isLeaving: false };
  return { uid: `uid-of-${name}`, name, ownerUid: "daemonset", ...standing, ...facts };
}

test("a next proxy is expected from the moment its pod is bound, and starting until kubelet calls it started", () => {
  assert.deepEqual(successionOf([OWN], "own"), NO_SUCCESSION);
  assert.deepEqual(successionOf([NEXT, OWN], "own"), { isExpected: true, isStarting: true });
  const started = { ...NEXT, isStarted: true };
  assert.deepEqual(successionOf([started, OWN], "own"), { isExpected: true, isStarting: false });
});

test("a pod that is leaving, or has no image, or waits after a crash, is not reckoned with", () => {
  for (const facts of [{ isLeaving: true }, { mayRun: false }])
    assert.deepEqual(successionOf([OWN, { ...NEXT, ...facts }], "own"), NO_SUCCESSION);
});

test("a pod of another DaemonSet is nobody's successor", () => {
  assert.deepEqual(successionOf([OWN, { ...NEXT, ownerUid: "another" }], "own"), NO_SUCCESSION);
});

test("a proxy that has not started answers for itself, and one that cannot find itself reckons with nobody", () => {
  const pods = [{ ...OWN, isStarted: false }, NEXT];
  assert.deepEqual(successionOf(pods, "own"), { isExpected: true, isStarting: false });
  assert.deepEqual(successionOf([NEXT], "own"), NO_SUCCESSION);
});
