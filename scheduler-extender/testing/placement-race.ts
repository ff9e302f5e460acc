// Placement under a hostile order of events, from a seed: the controller's writes are applied, lost, answered late or
// never; kube-scheduler's cycles, bindings that fail, gangs that are given up together, lost nominations, deletions, pods
// recreated under their names, operators who lift gates, proxies that grow, shrink or are refused, watches that lag, and
// crashes at every step. After every binding the node is added up anew from the API's truth.
//
// Nominate mode and score mode differ by the share of pods that come with a gate; some come without one in either, as
// while no Lease is fresh.
//
// Assumed, as on a cluster: kube-scheduler takes the extender's winner, waits for an extender that is away, and one that
// was killed is back only after the bindings of that moment were answered; a reservation outlives a binding and its way
// through the watch. With `strayShare` it takes another node that passed so often, and goes on with its own scores
// whenever prioritize fails, which is what plain score mode cannot prevent.

import assert from "node:assert/strict";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ClusterLedger, Reservation } from "#model/ledger.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { DEFAULT_NOMINATE_LIMITS } from "../policy/nominate.ts";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";
import { NominateQueue } from "../policy/nominate-queue.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "../policy/verbs.ts";
import { NO_TALLY, type RaceTally } from "./race-tally.ts";
import type { WatchEvent } from "./raced-api.ts";
import { NODES, RacedCluster } from "./raced-cluster.ts";
import { RacedRecommender } from "./raced-recommender.ts";
import { NAMES, RacedUsers } from "./raced-users.ts";

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

export interface RaceOptions {
  readonly gatedShare: number;
  readonly candidates?: 1;
  readonly strayShare?: number;
}

export class PlacementRace {
  readonly tally: RaceTally = { ...NO_TALLY };
  readonly #seed: number;
  readonly #options: RaceOptions;
  readonly #random: SeededRandom;
  readonly #cluster = new RacedCluster();
  readonly #api = this.#cluster.api;
  readonly #recommender = new RacedRecommender(this.#cluster);
  readonly #users: RacedUsers;
  #writes: Write[] = [];
  #bindings: Binding[] = [];
  #cycle: Cycle | undefined;
  #extender: Extender | undefined;
  #nowMs = 0;

  constructor(seed: number, options: RaceOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#users = new RacedUsers(this.#cluster, { random: this.#random, gatedShare: options.gatedShare });
    this.#restart();
  }

  step(): void {
    const dice = this.#random.next();
    if (dice < 0.12) this.#users.create(this.#nowMs);
    else if (dice < 0.26) this.#decide();
    else if (dice < 0.42) this.#moveWrite();
    else if (dice < 0.56) this.#advanceCycle();
    else if (dice < 0.655) this.#answerBinding();
    else if (dice < 0.66) this.#giveUpGang();
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

  #disturb(): void {
    const deleted = this.#users.disturb(this.#nowMs)?.deleted;
    if (deleted === undefined) return;
    this.tally.deleted++;
    // An assumed pod leaves kube-scheduler's cache when its binding is answered.
    if (!this.#bindings.some(({ pod }) => pod.uid === deleted.uid)) this.#cluster.assumed.delete(deleted.uid);
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
    if ((this.#options.strayShare ?? 0) > 0) return;
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
    const pod = this.#users.anyPod((pod) => this.#cluster.isSchedulable(pod));
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
    const { strayShare = 0 } = this.#options;
    const isStray = strayShare > 0 && this.#random.next() < strayShare;
    // It waits for the extender: the cycle fails and comes again.
    if (extender === undefined)
      return strayShare > 0 ? this.#stray(pod, passed) : void (this.#cycle = undefined);
    const placement = prioritizeNodes(extender.ledger, { pod, nodes: passed }, this.#context());
    this.#notePromise(extender, pod);
    const [top] = scoresOf(placement?.ranking ?? []);
    // News of the watch may leave no node that fits; kube-scheduler, not told so, would go on with its own scores.
    if (isStray || (top === undefined && strayShare > 0)) this.#stray(pod, passed);
    else if (top === undefined) this.#cycle = undefined;
    else this.#bind(pod, top.node);
  }

  #stray(pod: PodView, passed: readonly NodeName[]): void {
    const node = passed[this.#random.integer(passed.length)];
    if (node === undefined) return;
    if (this.#extender?.ledger.reservationOf(pod.uid)?.node !== node) this.tally.wrongGuesses++;
    this.#bind(pod, node);
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
    if (fault !== undefined) this.tally.overcommits++;
    if ((this.#options.strayShare ?? 0) === 0) assert.equal(fault, undefined, this.#told(fault ?? ""));
  }

  // A gang that does not get room for all of its pods gives up the room of those it had.
  #giveUpGang(): void {
    if (this.#bindings.length < 2) return;
    this.tally.gangsGivenUp++;
    for (const { pod } of this.#bindings) {
      this.#cluster.assumed.delete(pod.uid);
      this.#api.loseNomination(pod, this.#nowMs);
    }
    this.#bindings = [];
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
    return { nowMs: this.#nowMs, limits: LIMITS, candidates: this.#options.candidates };
  }

  #told(what: string): string {
    return `${what}; reproduce: seed ${this.#seed}`;
  }
}
