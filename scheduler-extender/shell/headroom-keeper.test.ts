import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Registry } from "prom-client";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { HeadroomKeeper } from "./headroom-keeper.ts";
import { createHeadroomMetrics } from "./headroom-metrics.ts";

interface Write {
  readonly verb: string;
  readonly path: string;
  readonly body: unknown;
}

const NODE = "node-1" as NodeName;
const SHORT = { passed: [], rejected: new Map([[NODE, "meshShareDoesNotFit" as const]]) };
const PATIENCE_MS = 10_000;

let ledger: ClusterLedger;
let clock: VirtualClock;
let writes: Write[];
let isLeader: boolean;
let refusal: Error | undefined;
let registry: Registry;
let keeper: HeadroomKeeper;

beforeEach(() => {
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  clock = new VirtualClock(1_000);
  [writes, isLeader, refusal, registry] = [[], true, undefined, new Registry()];
  keeper = aKeeper();
});

function aKeeper(): HeadroomKeeper {
  return new HeadroomKeeper({
    connection: {
      get: async () => raw("cart-1"),
      create: async (path, body) => void write({ verb: "create", path, body }),
      delete: async (path, body) => void write({ verb: "delete", path, body }),
    },
    ledger,
    clock,
    logger: silentLogger,
    metrics: (pods) => createHeadroomMetrics(registry, pods),
    podsMax: 5,
    image: "pause",
    priorityClass: "berth-headroom",
    mayAct: () => isLeader,
  });
}

function write(written: Write): void {
  if (refusal !== undefined) throw refusal;
  writes.push(written);
}

function raw(name: string, spec: object = {}): object {
  return {
    metadata: { name, namespace: "shop", uid: aPod({ name }).uid },
    spec: {
      nodeSelector: { pool: "a" },
      affinity: { nodeAffinity: { some: "rule" }, podAntiAffinity: { not: "copied" } },
      tolerations: [{ operator: "Exists" }],
      schedulerName: "default-scheduler",
      containers: [],
      ...spec,
    },
  };
}

/** The watch shows what was created last. */
function seenCreated(node?: string) {
  const last = writes.at(-1);
  assert.ok(last !== undefined);
  const { spec, metadata } = last.body as { spec: object; metadata: object };
  const pod = decodePod({
    metadata: { ...metadata, name: "berth-headroom-x", namespace: "shop", uid: "uid-of-headroom" },
    spec: { ...spec, nodeName: node },
  });
  ledger.upsertPod(pod);
  shown(pod, undefined);
  return pod;
}

async function becomeShort(): Promise<void> {
  ledger.upsertPod(aPod());
  keeper.filtered(aPod(), SHORT);
  clock.advance(PATIENCE_MS);
  await keeper.look();
}

test("a headroom pod asks for A + B, may run where its pod may, is owned by it, and joins no mesh", async () => {
  await becomeShort();
  assert.deepEqual(
    writes.map(({ verb, path }) => `${verb} ${path}`),
    ["create /api/v1/namespaces/shop/pods"],
  );
  const [made] = writes;
  assert.ok(made !== undefined);
  const { metadata, spec } = made.body as {
    metadata: Record<string, unknown>;
    spec: Record<string, unknown> & { containers: { resources: { requests: unknown } }[] };
  };
  assert.deepEqual(metadata["ownerReferences"], [
    { apiVersion: "v1", kind: "Pod", name: "cart-1", uid: aPod().uid },
  ]);
  assert.deepEqual(spec["affinity"], { nodeAffinity: { some: "rule" } });
  assert.deepEqual([spec["nodeSelector"], spec["tolerations"]], [{ pool: "a" }, [{ operator: "Exists" }]]);
  assert.equal(spec["priorityClassName"], "berth-headroom");
  assert.deepEqual(spec.containers[0]?.resources.requests, { cpu: "160m", memory: String(238 * 1024 ** 2) });
  const view = seenCreated();
  assert.deepEqual([view.headroomFor, view.app, view.request.cpuMilli], [aPod().uid, undefined, 160]);
});

test("it is made once, and deleted at once when its pod is bound", async () => {
  await becomeShort();
  await keeper.look();
  seenCreated();
  await keeper.look();
  assert.equal(writes.length, 1);
  ledger.upsertPod(aPod({ node: "node-9" }));
  shown(aPod({ node: "node-9" }), aPod());
  await keeper.look();
  const { verb, path, body } = writes[1] ?? {};
  assert.deepEqual([verb, path], ["delete", "/api/v1/namespaces/shop/pods/berth-headroom-x"]);
  assert.deepEqual(body, { gracePeriodSeconds: 0, preconditions: { uid: "uid-of-headroom" } });
  assert.match(await registry.metrics(), /deleted_total{reason="podPlaced"} 1/);
});

test("it goes when it was placed: the room is there", async () => {
  await becomeShort();
  seenCreated("node-9");
  await keeper.look();
  assert.match(await registry.metrics(), /deleted_total{reason="roomIsThere"} 1/);
  assert.equal(writes.length, 2);
});

test("a pod that passes again, or is kept out by something else, is short no more", async () => {
  ledger.upsertPod(aPod());
  for (const answer of [
    { passed: [NODE], rejected: new Map() },
    { passed: [], rejected: new Map([[NODE, "appDoesNotFit" as const]]) },
  ]) {
    keeper.filtered(aPod(), SHORT);
    keeper.filtered(aPod(), answer);
    clock.advance(PATIENCE_MS);
    await keeper.look();
  }
  keeper.filtered(aPod({ app: null }), SHORT);
  clock.advance(PATIENCE_MS);
  await keeper.look();
  assert.deepEqual(writes, []);
});

test("only the leader writes, and one that takes over keeps what is there", async () => {
  isLeader = false;
  await becomeShort();
  assert.deepEqual(writes, []);
  isLeader = true;
  await keeper.look();
  const left = seenCreated();
  registry.clear();
  keeper = aKeeper();
  shown(left, undefined);
  await keeper.look();
  assert.equal(writes.length, 1);
});

test("a namespace that forbids it is counted and tried again later, not at once", async () => {
  refusal = new KubeApiError({ status: 403, reason: "Forbidden", message: "exceeded quota" } as never);
  await becomeShort();
  await keeper.look();
  assert.match(await registry.metrics(), /writes_failed_total 1/);
  refusal = undefined;
  clock.advance(PATIENCE_MS);
  await keeper.look();
  assert.equal(writes.length, 1);
});

/** As the watch shows it. */
function shown(after: PodView | undefined, before: PodView | undefined): void {
  keeper.changed({ kind: "pod", after, before });
}
