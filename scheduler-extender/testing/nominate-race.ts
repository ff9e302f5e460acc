// Nominate mode under a hostile order of events, from a seed: the controller's writes are applied, lost, answered late or
// never; kube-scheduler's cycles, bindings that fail, lost nominations, deletions, pods recreated under their names,
// operators who lift gates, proxies that grow, shrink or are refused, watches that lag, and crashes at every step. After
// every binding the node is added up anew from the API's truth.
//
// Assumed, as on a cluster: kube-scheduler takes the extender's winner, waits for an extender that is away, and one that
// was killed is back only after the bindings of that moment were answered; a reservation outlives a binding and its way
// through the watch. Some pods come without a gate, as while no Lease is fresh.

import assert from "node:assert/strict";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger, type Reservation } from "#model/ledger.ts";
import { maxResources, minResources } from "#model/resources.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { nodeSituation } from "#vpa-recommender/policy/node-situation.ts";
import { DEFAULT_NOMINATE_LIMITS } from "../policy/nominate.ts";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";
import { NominateQueue } from "../policy/nominate-queue.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "../policy/verbs.ts";
import { RacedApi, type WatchEvent, withoutGate } from "./raced-api.ts";

const NODES = ["node-1", "node-2", "node-3"] as readonly string[] as readonly NodeName[];
const APPS = ["cart", "pay"];
const PODS_PER_NODE_MAX = 3;
const NAMES = 16;
const LIMITS = { ...DEFAULT_PROMISE_LIMITS, ...DEFAULT_NOMINATE_LIMITS };
/** Bindings, writes and watch deliveries are not later than this. */
const LAG_MS_MAX = 5_000;

/** What happened; a race in which nothing happens proves nothing. */
export interface RaceTally {
  bound: number;
  boundAsNominated: number;
  brokenPromises: number;
  bindingsFailed: number;
  crashes: number;
  deleted: number;
  lateWrites: number;
  lostAnswers: number;
  changedWrites: number;
  renewals: number;
  cleared: number;
  liftedAtDeadline: number;
  resizesRefused: number;
}

export const NO_TALLY: RaceTally = {
  bound: 0,
  boundAsNominated: 0,
  brokenPromises: 0,
  bindingsFailed: 0,
  crashes: 0,
  deleted: 0,
  lateWrites: 0,
  lostAnswers: 0,
  changedWrites: 0,
  renewals: 0,
  cleared: 0,
  liftedAtDeadline: 0,
  resizesRefused: 0,
};

interface Extender {
  readonly ledger: ClusterLedger;
  readonly queue: NominateQueue;
  readonly undelivered: WatchEvent[];
  /** Made by filter or prioritize, for a cycle of kube-scheduler's. */
  readonly cyclePromises: Set<Reservation>;
}

interface Write {
  readonly effect: NominateEffect;
  readonly sender: Extender;
  readonly sentMs: number;
  /** Undefined while it is on its way to the API server. */
  readonly outcome: EffectOutcome | undefined;
}

interface Cycle {
  readonly pod: PodView;
  readonly passed: readonly NodeName[];
}

interface Binding {
  readonly pod: PodView;
  readonly node: NodeName;
  readonly startedMs: number;
}

export class NominateRace {
  readonly tally: RaceTally = { ...NO_TALLY };
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #api = new RacedApi();
  readonly #proxies = new Map<NodeName, PodView>();
  readonly #assumed = new Map<PodUid, NodeName>();
  readonly #recommender: { readonly ledger: ClusterLedger; readonly undelivered: WatchEvent[] };
  #writes: Write[] = [];
  #bindings: Binding[] = [];
  #cycle: Cycle | undefined;
  #extender: Extender | undefined;
  #nowMs = 0;
  #uids = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    for (const node of NODES)
      this.#proxies.set(node, aProxy({ node, cpuMilli: 110, memoryBytes: 136 * MIB }));
    this.#recommender = { ledger: this.#freshLedger(), undelivered: this.#api.watch() };
    this.#restart();
  }

  step(): void {
    const dice = this.#random.next();
    if (dice < 0.12) this.#create();
    else if (dice < 0.26) this.#decide();
    else if (dice < 0.42) this.#moveWrite();
    else if (dice < 0.56) this.#advanceCycle();
    else if (dice < 0.66) this.#answerBinding();
    else if (dice < 0.8) this.#deliver();
    else if (dice < 0.83) this.#disturb();
    else if (dice < 0.89) this.#resize();
    else if (dice < 0.985) this.#passTime(this.#random.integer(3_000));
    else if (this.#extender === undefined) this.#restart();
    else this.#crash();
  }

  /** Lets everything underway end, first without and then with time passing, and looks at what is left. */
  finish(): void {
    if (this.#extender === undefined) this.#restart();
    this.#settle();
    // Past every backoff, and far from the end of any promise.
    this.#goOn(20_000);
    this.#checkPromises();
    // Each pod's nominations hold room for so long, and what they give back may be the next pod's.
    for (let pod = 0; pod < NAMES && this.#isRoomHeld(); pod++) {
      this.#goOn((1 + LIMITS.renewalsMax) * (LIMITS.unboundMs + LAG_MS_MAX));
    }
    this.#goOn(LIMITS.reservationMs);
    for (const { name, nodeName, placing, nominatedNode } of this.#api.pods.values()) {
      assert.equal(placing?.gateIndex, undefined, this.#told(`${name} is still gated`));
      if (nodeName === undefined) assert.equal(nominatedNode, undefined, this.#told(`${name} holds room`));
    }
    const ledger = this.#extender?.ledger;
    assert.ok(ledger);
    ledger.expire(this.#nowMs);
    assert.equal(ledger.reservationCount, 0, this.#told("reservations leak"));
    const plain = this.#truth();
    for (const name of NODES) {
      const account = plain.account(name);
      assert.deepEqual(ledger.node(name)?.requested, account?.requested, this.#told("requests leak"));
      assert.deepEqual(ledger.node(name)?.modelCost, account?.modelCost, this.#told("mesh costs leak"));
    }
  }

  #goOn(ms: number): void {
    for (const endMs = this.#nowMs + ms; this.#nowMs < endMs;) {
      this.#nowMs += 10_000;
      this.#decide(Infinity);
      this.#settle();
    }
  }

  #isRoomHeld(): boolean {
    return [...this.#api.pods.values()].some(
      ({ nodeName, placing, nominatedNode }) =>
        nodeName === undefined && (placing?.gateIndex !== undefined || nominatedNode !== undefined),
    );
  }

  // ── Users and operators ──────────────────────────────────────────────────────────────────────────────────────

  #create(): void {
    const name = `pod-${this.#random.integer(NAMES)}`;
    if (this.#api.pods.has(name)) return;
    const isGated = this.#random.next() < 0.85;
    const pod = aPod({
      name,
      uid: `uid-${this.#uids++}`,
      app: APPS[this.#random.integer(APPS.length)] ?? "cart",
      cpuMilli: 50 + this.#random.integer(400),
      memoryBytes: (64 + this.#random.integer(512)) * MIB,
      ...(isGated && { placing: {} }),
    });
    this.#api.write(pod, this.#nowMs);
  }

  #disturb(): void {
    const pod = this.#anyPod(() => true);
    if (pod === undefined) return;
    const dice = this.#random.next();
    if (dice < 0.4) {
      this.tally.deleted++;
      this.#api.remove(pod.name, this.#nowMs);
      // An assumed pod leaves kube-scheduler's cache when its binding is answered.
      if (!this.#bindings.some((binding) => binding.pod.uid === pod.uid)) this.#assumed.delete(pod.uid);
    } else if (dice < 0.6) this.#loseOneNomination();
    else if (dice < 0.8) this.#liftOneGate();
    else this.#api.write(pod, this.#nowMs);
  }

  // As `berth ungate` does.
  #liftOneGate(): void {
    const pod = this.#anyPod(({ placing }) => placing?.gateIndex !== undefined);
    if (pod?.placing !== undefined)
      this.#api.write(withoutGate({ ...pod, placing: pod.placing }), this.#nowMs);
  }

  #loseOneNomination(): void {
    const pod = this.#anyPod(({ nominatedNode }) => nominatedNode !== undefined);
    if (pod !== undefined) this.#api.loseNomination(pod, this.#nowMs);
  }

  // ── The controller ───────────────────────────────────────────────────────────────────────────────────────────

  #decide(podsMax = 1 + this.#random.integer(4)): void {
    const extender = this.#extender;
    if (extender === undefined) return;
    const context = { ledger: extender.ledger, nowMs: this.#nowMs, limits: LIMITS };
    for (const effect of extender.queue.decide(context, { podsMax })) {
      this.#writes.push({ effect, sender: extender, sentMs: this.#nowMs, outcome: undefined });
    }
    this.#checkBindings(extender);
  }

  // kube-scheduler was told so, and goes by it.
  #checkBindings({ ledger }: Extender): void {
    for (const { pod, node } of this.#bindings) {
      if (ledger.pod(pod.uid) === undefined || ledger.pod(pod.uid)?.nodeName !== undefined) continue;
      const promised = ledger.reservationOf(pod.uid)?.node;
      assert.equal(promised, node, this.#told("the promise of a binding that is under way was moved"));
    }
  }

  // One write goes one step on: to the API server, or from there to its sender.
  #moveWrite(isLossy = true): void {
    const [write] = this.#writes.splice(this.#random.integer(this.#writes.length), 1);
    if (write === undefined) return;
    const isOrphan = write.sender !== this.#extender;
    if (write.outcome !== undefined) {
      if (!isOrphan)
        write.sender.queue.answered(write.effect, { outcome: write.outcome, nowMs: this.#nowMs });
      return;
    }
    const dice = isLossy ? this.#random.next() : 1;
    const outcome = dice < 0.08 ? "failed" : this.#applied(write.effect, isOrphan);
    if (dice >= 0.08 && dice < 0.14) this.tally.lostAnswers++;
    this.#writes.push({ ...write, outcome: dice < 0.14 ? "failed" : outcome });
  }

  #applied(effect: NominateEffect, isOrphan: boolean): EffectOutcome {
    const before = this.#api.pods.get(effect.pod.name);
    const outcome = this.#api.apply(effect, this.#nowMs);
    if (isOrphan) this.tally.lateWrites++;
    if (outcome === "changed") this.tally.changedWrites++;
    if (outcome !== "done") return outcome;
    if (effect.kind === "clearNomination") this.tally.cleared++;
    if (effect.kind === "nominate" && effect.isRenewal) this.tally.renewals++;
    if (effect.kind === "liftGate") {
      if (effect.reason === "deadline") this.tally.liftedAtDeadline++;
      const isNominated = before?.nominatedNode !== undefined;
      if (effect.reason === "placed")
        assert.ok(isNominated, this.#told("a gate is lifted without a nomination"));
    }
    return outcome;
  }

  // ── kube-scheduler ───────────────────────────────────────────────────────────────────────────────────────────

  #advanceCycle(): void {
    if (this.#cycle === undefined) this.#filter();
    else this.#choose(this.#cycle);
  }

  #filter(): void {
    const pod = this.#anyPod((pod) => this.#isSchedulable(pod));
    const extender = this.#extender;
    if (pod === undefined || extender === undefined) return;
    const nominated = pod.nominatedNode;
    if (nominated !== undefined && this.#fitsForScheduler(nominated, pod)) {
      const { passed } = filterNodes(extender.ledger, { pod, nodes: [nominated] }, this.#context());
      this.#notePromise(extender, pod);
      if (passed.length === 1) {
        this.tally.boundAsNominated++;
        return this.#bind(pod, nominated);
      }
      if (pod.placing?.chosenNode === nominated) this.tally.brokenPromises++;
    }
    const nodes = NODES.filter((name) => this.#fitsForScheduler(name, pod));
    if (nodes.length === 0) return this.#api.loseNomination(pod, this.#nowMs);
    const { passed } = filterNodes(extender.ledger, { pod, nodes }, this.#context());
    this.#notePromise(extender, pod);
    if (passed.length === 0) this.#api.loseNomination(pod, this.#nowMs);
    else this.#cycle = { pod, passed };
  }

  #choose({ pod, passed }: Cycle): void {
    const extender = this.#extender;
    const [only] = passed;
    if (passed.length === 1 && only !== undefined) return this.#bind(pod, only);
    // It waits for the extender: the cycle fails and comes again.
    if (extender === undefined) return void (this.#cycle = undefined);
    const placement = prioritizeNodes(extender.ledger, { pod, nodes: passed }, this.#context());
    this.#notePromise(extender, pod);
    const [top] = scoresOf(placement?.ranking ?? []);
    // News of the watch may leave no node that fits; kube-scheduler, not told so, would go on with its own scores.
    if (top === undefined) this.#cycle = undefined;
    else this.#bind(pod, top.node);
  }

  #bind(pod: PodView, node: NodeName): void {
    this.#cycle = undefined;
    this.#assumed.set(pod.uid, node);
    this.#bindings.push({ pod, node, startedMs: this.#nowMs });
  }

  #answerBinding(isLossy = true): void {
    const [binding] = this.#bindings.splice(this.#random.integer(this.#bindings.length), 1);
    if (binding === undefined) return;
    const { pod, node } = binding;
    this.#assumed.delete(pod.uid);
    if (isLossy && this.#random.next() < 0.2) {
      this.tally.bindingsFailed++;
      return this.#api.loseNomination(pod, this.#nowMs);
    }
    if (!this.#api.bind(pod, node, this.#nowMs)) return;
    this.tally.bound++;
    this.#recount(node);
  }

  // ── The recommender and kubelets ─────────────────────────────────────────────────────────────────────────────

  // Grows to what is required, never past the free room that it sees; takes no headroom, which waits for a calm.
  #resize(): void {
    const node = NODES[this.#random.integer(NODES.length)];
    const proxy = node && this.#proxies.get(node);
    if (node === undefined || proxy === undefined) return;
    const current = proxy.request;
    const situation = nodeSituation(this.#recommender.ledger, node, {
      uid: proxy.uid,
      current,
      infeasible: undefined,
    });
    if (situation === undefined) return;
    const grown = maxResources(current, minResources(situation.required, situation.ceiling));
    const size = this.#random.next() < 0.7 ? grown : minResources(current, situation.required);
    // Deferred: the spec counts, but kubelet has not granted it. Infeasible: what was granted counts again.
    if (this.#random.next() < 0.2) this.tally.resizesRefused++;
    else this.#setProxy(node, { ...proxy, request: size });
  }

  #setProxy(node: NodeName, proxy: PodView): void {
    this.#proxies.set(node, proxy);
    this.#extender?.ledger.upsertPod(proxy);
    this.#recommender.ledger.upsertPod(proxy);
  }

  // ── Watches, time, crashes ───────────────────────────────────────────────────────────────────────────────────

  #deliver(count = 1 + this.#random.integer(4)): void {
    const extender = this.#extender;
    if (extender !== undefined && this.#random.next() < 0.7) {
      for (const event of extender.undelivered.splice(0, count)) this.#tell(extender, event);
    } else {
      for (const { kind, pod } of this.#recommender.undelivered.splice(0, count)) {
        if (kind === "gone") this.#recommender.ledger.removePod(pod.uid);
        else this.#recommender.ledger.upsertPod(pod);
      }
    }
  }

  // As the shell does it: the ledger first, then the queue.
  #tell({ ledger, queue }: Extender, { kind, pod }: WatchEvent): void {
    if (kind === "gone") {
      ledger.removePod(pod.uid);
      queue.forget(pod.uid, ledger);
      queue.roomChanged();
    } else {
      ledger.upsertPod(pod);
      queue.seen(pod, { ledger, nowMs: this.#nowMs });
    }
    if (kind === "seen" && pod.nodeName === undefined) return;
    const isPromised = ledger.reservationOf(pod.uid) !== undefined;
    assert.equal(isPromised, false, this.#told("a pod seen bound or gone keeps a promise"));
  }

  #passTime(ms: number): void {
    this.#nowMs += ms;
    const latestMs = this.#nowMs - LAG_MS_MAX;
    while (this.#bindings.some(({ startedMs }) => startedMs < latestMs)) this.#answerBinding();
    while (this.#writes.some(({ sentMs }) => sentMs < latestMs)) this.#moveWrite();
    while (this.#isLate(this.#recommender.undelivered) || this.#isLate(this.#extender?.undelivered ?? []))
      this.#deliver();
  }

  #isLate([first]: readonly WatchEvent[]): boolean {
    return first !== undefined && first.sentMs < this.#nowMs - LAG_MS_MAX;
  }

  #settle(): void {
    for (;;) {
      if (this.#cycle !== undefined) this.#advanceCycle();
      else if (this.#bindings.length > 0) this.#answerBinding(false);
      else if (this.#writes.length > 0) this.#moveWrite(false);
      else if ((this.#extender?.undelivered.length ?? 0) + this.#recommender.undelivered.length > 0)
        this.#deliver(NAMES);
      else return;
    }
  }

  #crash(): void {
    this.tally.crashes++;
    if (this.#extender !== undefined) this.#api.unwatch(this.#extender.undelivered);
    this.#extender = undefined;
  }

  // Lists the API anew; writes that are still on their way arrive when they arrive.
  #restart(): void {
    while (this.#cycle !== undefined) this.#advanceCycle();
    while (this.#bindings.length > 0) this.#answerBinding();
    const ledger = this.#freshLedger();
    const queue = new NominateQueue();
    for (const pod of this.#api.pods.values()) queue.seen(pod, { ledger, nowMs: this.#nowMs });
    this.#extender = { ledger, queue, undelivered: this.#api.watch(), cyclePromises: new Set() };
  }

  #freshLedger(): ClusterLedger {
    const ledger = new ClusterLedger();
    this.#fill(ledger);
    return ledger;
  }

  // ── The truth ────────────────────────────────────────────────────────────────────────────────────────────────

  #isSchedulable({ uid, nodeName, placing }: PodView): boolean {
    return nodeName === undefined && placing?.gateIndex === undefined && !this.#assumed.has(uid);
  }

  // kube-scheduler's own filter: A, with assumed pods and with those nominated to the node.
  #fitsForScheduler(name: NodeName, pod: PodView): boolean {
    const plain = this.#truth();
    for (const other of this.#api.pods.values()) {
      if (other.uid === pod.uid || other.nodeName !== undefined) continue;
      const node = this.#assumed.get(other.uid) ?? other.nominatedNode;
      if (node === name) plain.upsertPod({ ...other, nodeName: node });
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
    const account = this.#truth().account(name);
    assert.ok(account);
    const { requested, required, allocatable, appPods } = account;
    for (const resource of ["cpuMilli", "memoryBytes"] as const) {
      const isWithin = requested[resource] + required[resource] <= allocatable[resource];
      assert.ok(isWithin, this.#told(`${resource} of ${name} is overcommitted`));
    }
    for (const [app, pods] of appPods)
      assert.ok(pods <= PODS_PER_NODE_MAX, this.#told(`${pods} pods of ${app}`));
  }

  // Whatever is promised is promised to a pod at its gate, to one on its way there, or to a cycle of kube-scheduler's.
  #checkPromises(): void {
    const extender = this.#extender;
    for (const promise of extender?.ledger.reservations() ?? []) {
      const pod = [...this.#api.pods.values()].find(({ uid }) => uid === promise.pod.uid);
      const isWaiting = pod?.placing?.gateIndex !== undefined || pod?.nominatedNode === promise.node;
      const isJustified = isWaiting || extender?.cyclePromises.has(promise) === true;
      assert.ok(isJustified, this.#told(`the promise to ${promise.pod.uid} leaks`));
    }
  }

  #notePromise({ ledger, cyclePromises }: Extender, { uid }: PodView): void {
    const promise = ledger.reservationOf(uid);
    if (promise !== undefined) cyclePromises.add(promise);
  }

  #truth(): PlainCluster {
    const plain = new PlainCluster();
    this.#fill(plain);
    return plain;
  }

  #fill(ledger: Pick<ClusterLedger, "upsertNode" | "upsertPod" | "setProfile">): void {
    for (const name of NODES) ledger.upsertNode(aNode({ name, cpuMilli: 1_200, memoryBytes: 2_400 * MIB }));
    for (const proxy of this.#proxies.values()) ledger.upsertPod(proxy);
    for (const app of APPS)
      ledger.setProfile(aProfile({ app, placement: { maxPodsPerNode: PODS_PER_NODE_MAX } }));
    for (const pod of this.#api.pods.values()) ledger.upsertPod(pod);
  }

  #context(): Parameters<typeof filterNodes>[2] {
    return { nowMs: this.#nowMs, limits: LIMITS };
  }

  #anyPod(isMeant: (pod: PodView) => boolean): PodView | undefined {
    const pods = [...this.#api.pods.values()].filter(isMeant);
    return pods[this.#random.integer(pods.length)];
  }

  #told(what: string): string {
    return `${what}; reproduce: seed ${this.#seed}`;
  }
}
