import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { KubeConnection } from "#kube/connection.ts";
import type { RequestOptions } from "#kube/connection.ts";
import { settleUntil } from "#kube/settle.ts";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { LEADER_LABEL } from "./leader-label.ts";
import { Leadership } from "./leadership.ts";

const NAMESPACE = "berth-system";
const LEASE = "berth-scheduler-extender";

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let replicas: Replica[];

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2030, 0, 1));
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  replicas = [];
});

afterEach(async () => {
  for (const { leadership, ledger, link } of replicas) {
    link.isUp = true;
    ledger.expire(Infinity);
    let isStopped = false;
    void leadership.stop().then(() => (isStopped = true));
    await settleUntil(clock, () => isStopped);
  }
  await connection.close();
  await api.close();
});

interface Replica {
  readonly leadership: Leadership;
  readonly ledger: ClusterLedger;
  readonly link: { isUp: boolean };
  readonly led: boolean[];
}

function aReplica(name: string, { withoutLease = false } = {}): Replica {
  const spec = { containers: [{ name: "scheduler-extender", image: "berth" }] };
  api.store.create("pods", { metadata: { name, namespace: NAMESPACE }, spec });
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  const led: boolean[] = [];
  const link = { isUp: true };
  const through = <T>(answer: () => Promise<T>): Promise<T> =>
    link.isUp ? answer() : Promise.reject(new OperationError("KubeUnreachable", "cut off"));
  const leadership = new Leadership({
    connection: {
      request: (options: RequestOptions) => through(() => connection.request(options)),
      get: (...args) => through(() => connection.get(...args)),
      patch: (...args) => through(() => connection.patch(...args)),
    },
    ledger,
    metrics: { leadershipChanged: (isLeading) => void led.push(isLeading) },
    settings: {
      leaseNamespace: NAMESPACE,
      identity: name,
      withoutLease,
      ...(withoutLease ? {} : { podName: name }),
    },
    clock,
    logger: silentLogger,
  });
  const replica = { leadership, ledger, link, led };
  replicas.push(replica);
  return replica;
}

function answers({ leadership }: Replica): boolean {
  return leadership.notAnsweringReasons().length === 0;
}

function isLabelled(name: string): boolean {
  return api.store.get("pods", { namespace: NAMESPACE, name })?.metadata.labels?.[LEADER_LABEL] === LEASE;
}

function holder(): unknown {
  return api.store.get("leases", { namespace: NAMESPACE, name: LEASE })?.spec?.["holderIdentity"];
}

function promised(ledger: ClusterLedger): void {
  ledger.reserve({ pod: aDemand(), node: "node-1" as NodeName, expiresAtMs: Infinity });
}

test("a replica leaves the Lease alone until its ledger is whole", async () => {
  const a = aReplica("a");
  await settleUntil(clock, () => clock.nowMs() > Date.UTC(2030, 0, 1) + 5_000);
  assert.deepEqual([answers(a), holder()], [false, undefined]);
  a.leadership.stand();
  await a.leadership.whenBegun();
  assert.deepEqual([answers(a), holder()], [true, "a"]);
});

test("one replica answers, the other says who does", async () => {
  const [a, b] = [aReplica("a"), aReplica("b")];
  a.leadership.stand();
  await settleUntil(clock, () => isLabelled("a"));
  b.leadership.stand();
  await settleUntil(clock, () => b.leadership.notAnsweringReasons()[0] === "not leading; a does");
  assert.deepEqual([answers(a), isLabelled("b"), a.led, b.led], [true, false, [true], []]);
});

test("a leader that is cut off stops answering before another begins, and its promises are void", async () => {
  const [a, b] = [aReplica("a"), aReplica("b")];
  a.leadership.stand();
  await settleUntil(clock, () => isLabelled("a"));
  promised(a.ledger);
  b.leadership.stand();
  a.link.isUp = false;
  await settleUntil(clock, () => {
    assert.ok(!(answers(a) && answers(b)), "both answer");
    return answers(b) && isLabelled("b");
  });
  assert.deepEqual([isLabelled("a"), a.ledger.reservationCount, a.led], [false, 0, [true, false]]);
});

test("a leader that stops is silent before it gives the Lease back, waits for its last bindings, and is on the Service until another is", async () => {
  const [a, b] = [aReplica("a"), aReplica("b")];
  a.leadership.stand();
  await settleUntil(clock, () => isLabelled("a"));
  promised(a.ledger);
  b.leadership.stand();
  let isStopped = false;
  const stopping = a.leadership.stop().then(() => (isStopped = true));
  assert.deepEqual(a.leadership.notAnsweringReasons(), ["stopping"]);
  const startedMs = clock.nowMs();
  await settleUntil(clock, () => clock.nowMs() > startedMs + 1_000);
  assert.deepEqual([holder(), isStopped], ["a", false]);
  a.ledger.release(aDemand().uid);
  await settleUntil(clock, () => {
    assert.ok(isLabelled("a") || isLabelled("b") || answers(b), "nobody is on the Service");
    return answers(b) && isLabelled("b");
  });
  await settleUntil(clock, () => isStopped);
  await stopping;
  assert.deepEqual([isLabelled("a"), isLabelled("b")], [false, true]);
});

test("a leader that stops without a successor takes its label off after a while", async () => {
  const a = aReplica("a");
  a.leadership.stand();
  await settleUntil(clock, () => isLabelled("a"));
  const startedMs = clock.nowMs();
  let isStopped = false;
  void a.leadership.stop().then(() => (isStopped = true));
  await settleUntil(clock, () => isStopped);
  assert.deepEqual([isLabelled("a"), holder()], [false, ""]);
  assert.ok(clock.nowMs() - startedMs >= 3_000);
});

test("beside its own kube-scheduler a replica answers without a Lease, and does not lead", async () => {
  const a = aReplica("a", { withoutLease: true });
  a.leadership.stand();
  await a.leadership.whenBegun();
  assert.deepEqual([answers(a), a.leadership.isLeader, holder()], [true, false, undefined]);
});
