// Nominate mode under a hostile order of events, from a seed: the controller's writes are applied, lost, answered late or
// never; kube-scheduler's cycles, bindings that fail, lost nominations, deletions, pods recreated under their names,
// operators who lift gates, proxies that grow, shrink or are refused, watches that lag, and crashes at every step. After
// every binding the node is added up anew from the API's truth.
//
// Assumed, as on a cluster: kube-scheduler takes the extender's winner, waits for an extender that is away, and one that
// was killed is back only after the bindings of that moment were answered; a reservation outlives a binding and its way
// through the watch. Some pods come without a gate, as while no Lease is fresh.

import assert from "node:assert/strict";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ClusterLedger, Reservation } from "#model/ledger.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { DEFAULT_NOMINATE_LIMITS } from "../policy/nominate.ts";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";
import { NominateQueue } from "../policy/nominate-queue.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "../policy/verbs.ts";
import { NO_TALLY, type RaceTally } from "./race-tally.ts";
import { type WatchEvent, withoutGate } from "./raced-api.ts";
import { APPS, NODES, RacedCluster } from "./raced-cluster.ts";
import { RacedRecommender } from "./raced-recommender.ts";

const NAMES = 16;
const LIMITS = { ...DEFAULT_PROMISE_LIMITS, ...DEFAULT_NOMINATE_LIMITS };
/** Bindings, writes and watch deliveries are not later than this. */
const LAG_MS_MAX = 5_000;

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
  readonly #cluster = new RacedCluster();
  readonly #api = this.#cluster.api;
  readonly #recommender = new RacedRecommender(this.#cluster);
  #writes: Write[] = [];
  #bindings: Binding[] = [];
  #cycle: Cycle | undefined;
  #extender: Extender | undefined;
  #nowMs = 0;
  #uids = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
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
    for (let pod = 0; pod < NAMES && this.#cluster.isRoomHeld(); pod++) {
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
    const plain = this.#cluster.truth();
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
      if (!this.#bindings.some((binding) => binding.pod.uid === pod.uid))
        this.#cluster.assumed.delete(pod.uid);
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
    const pod = this.#anyPod((pod) => this.#cluster.isSchedulable(pod));
    const extender = this.#extender;
    if (pod === undefined || extender === undefined) return;
    const nominated = pod.nominatedNode;
    if (nominated !== undefined && this.#cluster.fitsForScheduler(nominated, pod)) {
      const { passed } = filterNodes(extender.ledger, { pod, nodes: [nominated] }, this.#context());
      this.#notePromise(extender, pod);
      if (passed.length === 1) {
        this.tally.boundAsNominated++;
        return this.#bind(pod, nominated);
      }
      if (pod.placing?.chosenNode === nominated) this.tally.brokenPromises++;
    }
    const nodes = NODES.filter((name) => this.#cluster.fitsForScheduler(name, pod));
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
    this.#cluster.assumed.set(pod.uid, node);
    this.#bindings.push({ pod, node, startedMs: this.#nowMs });
  }

  #answerBinding(isLossy = true): void {
    const [binding] = this.#bindings.splice(this.#random.integer(this.#bindings.length), 1);
    if (binding === undefined) return;
    const { pod, node } = binding;
    this.#cluster.assumed.delete(pod.uid);
    if (isLossy && this.#random.next() < 0.2) {
      this.tally.bindingsFailed++;
      return this.#api.loseNomination(pod, this.#nowMs);
    }
    if (!this.#api.bind(pod, node, this.#nowMs)) return;
    this.tally.bound++;
    const fault = this.#cluster.faultOn(node);
    assert.equal(fault, undefined, this.#told(fault ?? ""));
  }

  // ── The recommender and kubelets ─────────────────────────────────────────────────────────────────────────────

  #resize(): void {
    const proxy = this.#recommender.resize(this.#random);
    if (proxy === undefined) this.tally.resizesRefused++;
    else this.#extender?.ledger.upsertPod(proxy);
  }

  // ── Watches, time, crashes ───────────────────────────────────────────────────────────────────────────────────

  #deliver(count = 1 + this.#random.integer(4)): void {
    const extender = this.#extender;
    if (extender !== undefined && this.#random.next() < 0.7) {
      for (const event of extender.undelivered.splice(0, count)) this.#tell(extender, event);
    } else {
      this.#recommender.deliver(count);
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
    const ledger = this.#cluster.freshLedger();
    const queue = new NominateQueue();
    for (const pod of this.#api.pods.values()) queue.seen(pod, { ledger, nowMs: this.#nowMs });
    this.#extender = { ledger, queue, undelivered: this.#api.watch(), cyclePromises: new Set() };
  }

  // ── What must hold ───────────────────────────────────────────────────────────────────────────────────────────

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
