// What becomes of decisions: whether pods are bound where they were promised room, how long that takes, what their share
// of the proxies adds up to, and whether they met their app. A pod is counted once, when it is seen bound.

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import { type CostedDemand, meshCost } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import { type ColocationOutcome, colocationOf } from "../policy/colocation.ts";
import type { Choice, DecisionWitness } from "../policy/decision-witness.ts";

/** Decisions about pods that are not seen bound yet: as many as wait in a burst that no cluster binds within a promise's time. */
const DECISIONS_MAX = 20_000;

interface Decided {
  readonly node: NodeName;
  readonly atMs: number;
  readonly meshCost: Resources | undefined;
  readonly colocation: ColocationOutcome;
}

export class PromiseMetrics implements Pick<DecisionWitness, "placed"> {
  readonly #ledger: LedgerView;
  readonly #clock: Clock;
  /** By pod, the latest decision last. */
  readonly #decided = new Map<PodUid, Decided>();
  readonly #bindings: Counter;
  readonly #colocation: Counter;
  readonly #grantedCpu: Counter;
  readonly #grantedMemory: Counter;
  readonly #delay: Histogram;

  constructor({ ledger, clock }: { readonly ledger: LedgerView; readonly clock: Clock }, registry: Registry) {
    this.#ledger = ledger;
    this.#clock = clock;
    const registers = [registry];
    this.#bindings = new Counter({
      name: "berth_extender_bindings_total",
      help: "Mesh pods seen bound, by guess: right (where they were promised room), wrong (on another node, which nothing was promised on), none (no decision of this replica is known).",
      labelNames: ["guess"],
      registers,
    });
    this.#colocation = new Counter({
      name: "berth_extender_colocation_total",
      help: "Mesh pods bound where they were promised room, by outcome: hit (joined an instance of their app), or why not: firstOfApp, noRoom, limit, proxyNotReady, notOffered (a node of the app had room, but was not among those to choose from).",
      labelNames: ["outcome"],
      registers,
    });
    this.#grantedCpu = new Counter({
      name: "berth_extender_mesh_cost_granted_cpu_cores_total",
      help: "B of the mesh pods bound where they were promised room, as it was then: CPU.",
      registers,
    });
    this.#grantedMemory = new Counter({
      name: "berth_extender_mesh_cost_granted_bytes_total",
      help: "B of the mesh pods bound where they were promised room, as it was then: memory.",
      registers,
    });
    this.#delay = new Histogram({
      name: "berth_extender_reservation_seconds",
      help: "How long promises stood that ended with the pod seen bound.",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    });
    const oldest = (): number => this.#oldestMs();
    registry.registerMetric(
      new Gauge({
        name: "berth_extender_oldest_reservation_seconds",
        help: "Age of the oldest promise to a mesh pod that is not seen bound yet; 0 without any.",
        registers: [],
        collect() {
          this.set(oldest() / 1000);
        },
      }),
    );
  }

  placed({ placement, accountOf }: Choice, demand: CostedDemand): void {
    const colocation = colocationOf(placement, demand, this.#ledger);
    if (colocation === undefined) return;
    const account = accountOf(placement.node);
    const cost = account === undefined ? undefined : meshCost(account, demand);
    const known = this.#decided.get(demand.uid);
    // A nominated pod is asked about with its one node, where by then its siblings may be: what counts is the choice.
    if (known?.node === placement.node && placement.ranking.length === 1) return;
    this.#decided.delete(demand.uid);
    const atMs = this.#clock.nowMs();
    this.#decided.set(demand.uid, { node: placement.node, atMs, meshCost: cost, colocation });
    if (this.#decided.size <= DECISIONS_MAX) return;
    for (const uid of this.#decided.keys()) return void this.#decided.delete(uid);
  }

  /** A change that was applied to the ledger. */
  changed(change: ClusterChange): void {
    if (change.kind === "pod") this.#seen(change.after, change.before);
  }

  #seen(after: PodView | undefined, before: PodView | undefined): void {
    const uid = after?.uid ?? before?.uid;
    if (uid === undefined) return;
    if (after === undefined || after.isFinished) return void this.#decided.delete(uid);
    const isNews = after.nodeName !== undefined && before?.nodeName === undefined;
    if (!isNews || after.app === undefined || after.proxy !== undefined) return;
    const decided = this.#decided.get(uid);
    this.#decided.delete(uid);
    // Pods of the first list were bound before anyone could be asked.
    if (decided === undefined && before === undefined) return;
    if (decided === undefined) return this.#bindings.inc({ guess: "none" });
    const isRight = decided.node === after.nodeName;
    this.#bindings.inc({ guess: isRight ? "right" : "wrong" });
    if (!isRight) return;
    this.#colocation.inc({ outcome: decided.colocation });
    this.#grantedCpu.inc((decided.meshCost?.cpuMilli ?? 0) / 1000);
    this.#grantedMemory.inc(decided.meshCost?.memoryBytes ?? 0);
    this.#delay.observe(Math.max(0, this.#clock.nowMs() - decided.atMs) / 1000);
  }

  #oldestMs(): number {
    const nowMs = this.#clock.nowMs();
    let oldestMs = 0;
    for (const { pod, node } of this.#ledger.reservations()) {
      const decided = this.#decided.get(pod.uid);
      if (decided?.node === node) oldestMs = Math.max(oldestMs, nowMs - decided.atMs);
    }
    return oldestMs;
  }
}
