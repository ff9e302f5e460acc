import assert from "node:assert/strict";
import { test } from "node:test";
import { PROXY_LABEL } from "#model/app.ts";
import type { ProxyView } from "#model/cluster-view.ts";
import { CORRECTION_ANNOTATION, CORRECTION_MAX, NO_CORRECTION } from "#model/correction.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { KUBE_SCHEDULER_REQUESTS } from "#test/oracle/kube-scheduler-requests.ts";
import { type ApiPod, DecodeError, decodePod, PROXY_BASE_ANNOTATION } from "./decode-pod.ts";

test("a mesh pod becomes a view with its app, its request and its node", () => {
  assert.deepEqual(decodePod(anApiPod()), {
    uid: "uid-of-cart-1",
    namespace: "shop",
    name: "cart-1",
    app: "shop/cart",
    workload: "shop/cart",
    request: { cpuMilli: 100, memoryBytes: 128 * MIB },
    nodeName: "node-1",
    isFinished: false,
    ownerUid: undefined,
    proxy: undefined,
    nominatedNode: undefined,
    priority: 0,
    startedAtMs: undefined,
    isTerminating: false,
    isPreempted: false,
    isReady: false,
    traits: {
      key: '[null,null,[["berth.dev/mesh","enabled"],["berth.dev/app","cart"]]]',
      labels: { "berth.dev/mesh": "enabled", "berth.dev/app": "cart" },
      appPort: undefined,
    },
  });
});

test("a pod tells its priority, and when it started once it has", () => {
  const started = { startTime: "2026-01-01T00:00:00Z" };
  const { priority, startedAtMs } = decodePod(anApiPod({ spec: { priority: -5 }, status: started }));
  assert.equal(priority, -5);
  assert.equal(startedAtMs, Date.UTC(2026, 0, 1));
  const waiting = decodePod(anApiPod({ spec: { priority: null }, status: { startTime: null } }));
  assert.equal(waiting.priority, 0);
  assert.equal(waiting.startedAtMs, undefined);
});

test("a pod that is being deleted is terminating, and preempted only if kube-scheduler says so on it", () => {
  const preemption = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" };
  const endOf = (deletionTimestamp: string | null, condition = preemption): readonly unknown[] => {
    const pod = anApiPod({ metadata: { deletionTimestamp }, status: { conditions: [condition] } });
    const { uid = "", name = "" } = anApiPod().metadata ?? {};
    const metadata = { ...pod.metadata, uid, name };
    const { isTerminating, isPreempted } = decodePod({ ...pod, metadata });
    return [isTerminating, isPreempted];
  };
  assert.deepEqual(endOf(null), [false, false], "marked, but its deletion has not begun");
  assert.deepEqual(endOf("2026-01-01T00:00:00Z"), [true, true]);
  const others = [{ type: "Ready" }, { status: "False" }, { reason: "EvictionByEvictionAPI" }];
  for (const other of others) {
    assert.deepEqual(endOf("2026-01-01T00:00:00Z", { ...preemption, ...other }), [true, false]);
  }
});

test("a pod tells the node it is nominated to", () => {
  const nominated = (nominatedNodeName: unknown): string | undefined =>
    decodePod(anApiPod({ status: { nominatedNodeName: nominatedNodeName as string } })).nominatedNode;
  assert.equal(nominated("node-2"), "node-2");
  for (const none of ["", null, undefined]) assert.equal(nominated(none), undefined);
  assert.throws(() => nominated(7), /^DecodeError: pod shop\/cart-1: status\.nominatedNodeName must be/);
});

test("a malformed priority or start is an error that names pod and field", () => {
  for (const priority of ["high", 1.5, 2 ** 31, -(2 ** 31) - 1]) {
    const pod = anApiPod({ spec: { priority: priority as number } });
    assert.throws(() => decodePod(pod), /^DecodeError: pod shop\/cart-1: spec\.priority must be/);
  }
  for (const startTime of ["yesterday", 5, ""]) {
    const pod = anApiPod({ status: { startTime: startTime as string } });
    assert.throws(() => decodePod(pod), /^DecodeError: pod shop\/cart-1: status\.startTime must be/);
  }
});

for (const { title, spec, status, cpuMilli, memoryBytes } of KUBE_SCHEDULER_REQUESTS) {
  test(`as kube-scheduler counts: ${title}`, () => {
    assert.deepEqual(decodePod(anApiPod({ spec, ...(status && { status }) })).request, {
      cpuMilli,
      memoryBytes,
    });
  });
}

test("a pod is unbound until it names a node, be it absent or empty", () => {
  const { containers = [] } = anApiPod().spec ?? {};
  const unbound = { metadata: anApiPod().metadata ?? {}, spec: { containers } };
  assert.equal(decodePod(unbound).nodeName, undefined);
  assert.equal(decodePod({ ...unbound, spec: { containers, nodeName: "" } }).nodeName, undefined);
});

test("a pod that succeeded or failed is finished", () => {
  const isFinished = (phase: string): boolean => decodePod(anApiPod({ status: { phase } })).isFinished;
  assert.deepEqual(["Pending", "Running", "Succeeded", "Failed", "Unknown"].filter(isFinished), [
    "Succeeded",
    "Failed",
  ]);
});

test("of several owners the controller counts", () => {
  const ownerReferences = [{ uid: "a" }, { uid: "b", controller: true }, { uid: "c", controller: false }];
  assert.equal(decodePod(anApiPod({ metadata: { ownerReferences } })).ownerUid, "b");
});

function proxyOf({ annotations = {}, isReady = true, deletionTimestamp = "" } = {}): ProxyView | undefined {
  const metadata = {
    labels: { [PROXY_LABEL]: "true", "berth.dev/mesh": "enabled", "berth.dev/app": "proxy" },
    annotations,
    ...(deletionTimestamp && { deletionTimestamp }),
  };
  const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
  const { app, proxy } = decodePod(anApiPod({ metadata, status: { conditions } }));
  assert.equal(app, undefined, "a proxy is no app's pod");
  return proxy;
}

test("a node proxy tells its base and its correction", () => {
  const annotations = {
    [PROXY_BASE_ANNOTATION]: '{"cpu":"100m","memory":"128Mi"}',
    [CORRECTION_ANNOTATION]: '{"cpu":1.25,"memory":99}',
  };
  assert.deepEqual(proxyOf({ annotations }), {
    isReady: true,
    base: { cpuMilli: 100, memoryBytes: 128 * MIB },
    correction: { cpu: 1.25, memory: CORRECTION_MAX },
  });
});

test("a node proxy without annotations has no base and is taken at the model's word", () => {
  assert.deepEqual(proxyOf(), {
    isReady: true,
    base: { cpuMilli: 0, memoryBytes: 0 },
    correction: NO_CORRECTION,
  });
  assert.deepEqual(proxyOf({ annotations: { [CORRECTION_ANNOTATION]: "{}" } })?.correction, NO_CORRECTION);
});

test("a node proxy that is being deleted is not ready", () => {
  assert.equal(proxyOf({ isReady: false })?.isReady, false);
  assert.equal(proxyOf({ deletionTimestamp: "2026-01-01T00:00:00Z" })?.isReady, false);
});

test("a malformed annotation of a proxy is an error that names pod and annotation", () => {
  const malformed = [
    [PROXY_BASE_ANNOTATION, "128Mi"],
    [PROXY_BASE_ANNOTATION, "null"],
    [PROXY_BASE_ANNOTATION, '{"cpu":"-1"}'],
    [CORRECTION_ANNOTATION, '"1.5"'],
    [CORRECTION_ANNOTATION, '{"cpu":""}'],
    [CORRECTION_ANNOTATION, '{"memory":null}'],
  ] as const;
  for (const [name, text] of malformed) {
    assert.throws(
      () => proxyOf({ annotations: { [name]: text } }),
      ({ message }: Error) => message.startsWith("pod shop/cart-1: ") && message.includes(name),
      text,
    );
  }
  const base = { annotations: { [PROXY_BASE_ANNOTATION]: '{"memory":"1 Gi"}' } };
  assert.throws(() => proxyOf(base), /^DecodeError: pod shop\/cart-1: "1 Gi" is not a quantity/);
});

test("a malformed request is an error that names pod and resource", () => {
  const pod = (requests: Record<string, string>): ApiPod =>
    anApiPod({ spec: { containers: [{ name: "app", resources: { requests } }] } });
  assert.throws(
    () => decodePod(pod({ cpu: "1.5.2" })),
    /^DecodeError: pod shop\/cart-1: cpu: "1\.5\.2" is not/,
  );
  assert.throws(
    () => decodePod(pod({ memory: "lots" })),
    /^DecodeError: pod shop\/cart-1: memory: "lots" is not/,
  );
  assert.throws(() => decodePod(pod({ memory: "1e30" })), /^DecodeError: pod shop\/cart-1: .*out of range/);
});

test("what is no pod is refused", () => {
  const { metadata, spec } = anApiPod();
  const { uid, ...unidentified } = metadata ?? {};
  assert.ok(uid);
  const notPods = [
    null,
    undefined,
    5,
    "pod",
    [],
    {},
    { metadata },
    { spec },
    { metadata: unidentified, spec },
  ];
  for (const raw of [...notPods, { metadata, spec: { containers: "one" } }]) {
    assert.throws(() => decodePod(raw), DecodeError, JSON.stringify(raw));
  }
});
