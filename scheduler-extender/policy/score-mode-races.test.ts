// Score mode under a hostile order of events: kube-scheduler's cycles, bindings, watch deliveries, deletions and crashes
// of the extender interleaved at random, from a seed. After every binding the node is added up anew from the API's truth.
//
// Assumed, as on a cluster: kube-scheduler takes the extender's winner (the recommended weight sees to that), a
// reservation outlives a binding and its way through the watch, and an extender that was killed is back only after the
// bindings of that moment were answered. Pods outside the mesh are not in it: their node is kube-scheduler's own choice.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "./verbs.ts";

const SEEDS = 60;
const STEPS = 600;
const NODES = ["node-1", "node-2", "node-3", "node-4"] as readonly string[] as readonly NodeName[];
const APPS = ["cart", "pay", "web"];
const PODS_PER_NODE_MAX = 4;
const PODS_PER_ZONE_MAX = 5;
const ZONES = new Map([
  ["zone-a", NODES.slice(0, 2)],
  ["zone-b", NODES.slice(2)],
]);
/** Bindings and watch deliveries are not later than this, well within a reservation's time. */
const LAG_MS_MAX = DEFAULT_PROMISE_LIMITS.reservationMs / 4;

test("no interleaving overcommits a node, exceeds an app's limit, or leaks a reservation", () => {
  const seen = { bound: 0, failed: 0, crashes: 0, refusals: 0, deleted: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const race = new ScoreModeRace(seed);
    for (let step = 0; step < STEPS; step++) race.step();
    race.finish();
    for (const [what, count] of Object.entries(race.seen)) seen[what as keyof typeof seen] += count;
  }
  // A race in which nothing happens proves nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > SEEDS, `${what}: ${count}`);
});

interface Binding {
  readonly pod: PodView;
  readonly node: NodeName;
  readonly startedMs: number;
}

interface WatchEvent {
  readonly uid: PodUid;
  /** Undefined for a pod that is gone. */
  readonly pod: PodView | undefined;
  readonly sentMs: number;
}

interface Cycle {
  readonly pod: PodView;
  readonly passed: readonly NodeName[];
}

class ScoreModeRace {
  readonly seen = { bound: 0, failed: 0, crashes: 0, refusals: 0, deleted: 0 };
  readonly #seed: number;
  readonly #random: SeededRandom;
  /** The API server's truth. */
  readonly #pods = new Map<PodUid, PodView>();
  /** kube-scheduler's own cache: what it has assumed counts at once. */
  readonly #assumed = new Map<PodUid, NodeName>();
  readonly #waiting = new Set<PodUid>();
  #bindings: Binding[] = [];
  #undelivered: WatchEvent[] = [];
  #cycle: Cycle | undefined;
  #ledger: ClusterLedger | undefined;
  #nowMs = 0;
  #names = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#restart();
  }

  step(): void {
    const dice = this.#random.next();
    if (dice < 0.15) this.#create();
    else if (dice < 0.35) this.#advanceCycle();
    else if (dice < 0.55) this.#answerBinding();
    else if (dice < 0.8) this.#deliver();
    else if (dice < 0.86) this.#deleteOne();
    else if (dice < 0.97) this.#passTime();
    else if (this.#ledger === undefined) this.#restart();
    else this.#crash();
  }

  /** Lets all that is underway come to its end, and looks at what is left. */
  finish(): void {
    while (this.#cycle !== undefined) this.#advanceCycle();
    while (this.#bindings.length > 0) this.#answerBinding();
    if (this.#ledger === undefined) this.#restart();
    while (this.#undelivered.length > 0) this.#deliver();
    const ledger = this.#ledger;
    assert.ok(ledger);
    // Every pod that waits has had an answer since its promise, or its promise runs out.
    this.#nowMs += DEFAULT_PROMISE_LIMITS.reservationMs;
    ledger.expire(this.#nowMs);
    assert.equal(ledger.reservationCount, 0, this.#told("reservations leak"));
    const plain = this.#truth();
    for (const name of NODES) {
      const account = plain.account(name);
      const node = ledger.node(name);
      assert.deepEqual(node?.requested, account?.requested, this.#told("requests leak"));
      assert.deepEqual(node?.modelCost, account?.modelCost, this.#told("mesh costs leak"));
    }
  }

  #create(): void {
    const pod = aPod({
      name: `pod-${this.#names++}`,
      app: APPS[this.#random.integer(APPS.length)] ?? "cart",
      cpuMilli: 50 + this.#random.integer(400),
      memoryBytes: (64 + this.#random.integer(512)) * MIB,
    });
    this.#write(pod);
    this.#waiting.add(pod.uid);
  }

  // One verb at a time, so that anything may come in between.
  #advanceCycle(): void {
    if (this.#cycle === undefined) this.#filter();
    else this.#choose(this.#cycle);
  }

  #filter(): void {
    const waiting = [...this.#waiting];
    const pod = this.#pods.get(waiting[this.#random.integer(waiting.length)] as PodUid);
    if (pod === undefined || this.#ledger === undefined) return;
    const nodes = NODES.filter((name) => this.#fitsForScheduler(name, pod));
    if (nodes.length === 0) return;
    const { passed } = filterNodes(this.#ledger, { pod, nodes }, this.#context());
    if (passed.length === 0) this.seen.refusals++;
    else this.#cycle = { pod, passed };
  }

  #choose({ pod, passed }: Cycle): void {
    this.#cycle = undefined;
    const [only] = passed;
    if (passed.length === 1 && only !== undefined) return this.#bind(pod, only);
    // Without an answer kube-scheduler goes on with its own scores.
    if (this.#ledger === undefined) return this.#bind(pod, this.#anyOf(passed));
    const placement = prioritizeNodes(this.#ledger, { pod, nodes: passed }, this.#context());
    const [top] = scoresOf(placement?.ranking ?? []);
    // News of the watch may leave no node that fits; kube-scheduler, not told so, goes on with its own scores.
    this.#bind(pod, top?.node ?? this.#anyOf(passed));
  }

  #bind(pod: PodView, node: NodeName): void {
    this.#waiting.delete(pod.uid);
    this.#assumed.set(pod.uid, node);
    this.#bindings.push({ pod, node, startedMs: this.#nowMs });
  }

  #answerBinding(): void {
    const [binding] = this.#bindings.splice(this.#random.integer(this.#bindings.length), 1);
    if (binding === undefined) return;
    const { pod, node } = binding;
    if (!this.#pods.has(pod.uid)) return void this.#assumed.delete(pod.uid);
    if (this.#random.next() < 0.25) {
      this.seen.failed++;
      this.#assumed.delete(pod.uid);
      this.#waiting.add(pod.uid);
      return;
    }
    this.seen.bound++;
    this.#write({ ...pod, nodeName: node });
    this.#recount(node);
  }

  #deleteOne(): void {
    const uids = [...this.#pods.keys()];
    const uid = uids[this.#random.integer(uids.length)];
    if (uid === undefined || this.#random.next() < 0.5) return;
    this.seen.deleted++;
    this.#pods.delete(uid);
    this.#waiting.delete(uid);
    // An assumed pod leaves kube-scheduler's cache when its binding is answered.
    if (!this.#bindings.some(({ pod }) => pod.uid === uid)) this.#assumed.delete(uid);
    this.#undelivered.push({ uid, pod: undefined, sentMs: this.#nowMs });
  }

  #write(pod: PodView): void {
    this.#pods.set(pod.uid, pod);
    this.#undelivered.push({ uid: pod.uid, pod, sentMs: this.#nowMs });
  }

  #deliver(): void {
    const events = this.#undelivered.splice(0, 1 + this.#random.integer(4));
    const ledger = this.#ledger;
    if (ledger === undefined) return;
    for (const { uid, pod } of events) {
      if (pod === undefined) ledger.removePod(uid);
      else ledger.upsertPod(pod);
      if (pod !== undefined && pod.nodeName === undefined) continue;
      const isPromised = [...ledger.reservations()].some((reservation) => reservation.pod.uid === uid);
      assert.equal(isPromised, false, this.#told("a pod seen bound or gone keeps a promise"));
    }
  }

  #passTime(): void {
    this.#nowMs += this.#random.integer(3_000);
    const latestMs = this.#nowMs - LAG_MS_MAX;
    while (this.#bindings.some(({ startedMs }) => startedMs < latestMs)) this.#answerBinding();
    while ((this.#undelivered[0]?.sentMs ?? Infinity) < latestMs) this.#deliver();
  }

  #crash(): void {
    this.seen.crashes++;
    this.#ledger = undefined;
  }

  // Lists the API anew; the watch goes on from there.
  #restart(): void {
    while (this.#cycle !== undefined) this.#advanceCycle();
    while (this.#bindings.length > 0) this.#answerBinding();
    this.#undelivered = [];
    const ledger = new ClusterLedger();
    fill(ledger, this.#pods.values());
    this.#ledger = ledger;
  }

  #fitsForScheduler(name: NodeName, pod: PodView): boolean {
    const plain = this.#truth();
    for (const [uid, node] of this.#assumed) {
      const assumed = this.#pods.get(uid);
      if (assumed !== undefined) plain.upsertPod({ ...assumed, nodeName: node });
    }
    const account = plain.account(name);
    assert.ok(account);
    const { requested, counted, allocatable } = account;
    return (["cpuMilli", "memoryBytes"] as const).every(
      (resource) =>
        requested[resource] + pod.request[resource] + (counted?.[resource] ?? 0) <= allocatable[resource],
    );
  }

  #recount(name: NodeName): void {
    const truth = this.#truth();
    const account = truth.account(name);
    assert.ok(account);
    const { requested, required, allocatable, appPods } = account;
    assert.ok(requested.cpuMilli + required.cpuMilli <= allocatable.cpuMilli, this.#told(`CPU of ${name}`));
    assert.ok(
      requested.memoryBytes + required.memoryBytes <= allocatable.memoryBytes,
      this.#told(`memory of ${name}`),
    );
    for (const [app, pods] of appPods)
      assert.ok(pods <= PODS_PER_NODE_MAX, this.#told(`${pods} pods of ${app}`));
    for (const app of appPods.keys())
      for (const [zone, pods] of truth.podsByZone(app))
        assert.ok(pods <= PODS_PER_ZONE_MAX, this.#told(`${pods} pods of ${app} in ${zone}`));
  }

  #truth(): PlainCluster {
    const plain = new PlainCluster();
    fill(plain, this.#pods.values());
    return plain;
  }

  #context(): Parameters<typeof filterNodes>[2] {
    return { nowMs: this.#nowMs, limits: DEFAULT_PROMISE_LIMITS };
  }

  #anyOf(nodes: readonly NodeName[]): NodeName {
    return nodes[this.#random.integer(nodes.length)] ?? ("" as NodeName);
  }

  #told(what: string): string {
    return `${what}; reproduce: seed ${this.#seed}`;
  }
}

function fill(
  ledger: Pick<ClusterLedger, "upsertNode" | "upsertPod" | "setProfile">,
  pods: Iterable<PodView>,
): void {
  for (const [zone, names] of ZONES) {
    for (const name of names) {
      ledger.upsertNode(aNode({ name, zone, cpuMilli: 1_200, memoryBytes: 2_400 * MIB }));
      ledger.upsertPod(aProxy({ node: name, cpuMilli: 110, memoryBytes: 136 * MIB }));
    }
  }
  const placement = { maxPodsPerNode: PODS_PER_NODE_MAX, maxPodsPerZone: PODS_PER_ZONE_MAX };
  for (const app of APPS) ledger.setProfile(aProfile({ app, placement }));
  for (const pod of pods) ledger.upsertPod(pod);
}
