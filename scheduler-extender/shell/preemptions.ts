// What kube-scheduler was answered about preempting, for each of the pods that it asked for last: which pods of which nodes
// would give way, and which of them for B alone. kube-scheduler does not say which node it takes; the nomination of the
// preemptor shows it, and after that where it is bound.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import type { ExplainedPreemption, ExplainedVictims, Preempted } from "../policy/explain-reply.ts";
import type { NodePreemption, Victims } from "../policy/preemption.ts";

export interface PreemptionsOptions {
  readonly ledger: Pick<LedgerView, "pod">;
  readonly clock: Clock;
}

type PodName = Pick<PodView, "namespace" | "name">;

interface Kept {
  readonly uid: PodUid;
  readonly atMs: number;
  readonly nodes: readonly VictimsOnNode[];
  /** Seen last: the preemptor itself may be gone when its victims are asked about. */
  chosen: NodeName | undefined;
}

interface VictimsOnNode {
  readonly told: ExplainedVictims;
  /** Of the victims, in their order. */
  readonly uids: readonly PodUid[];
}

/** Whoever asks usually asks within minutes. */
const PREEMPTORS_MAX = 200;
/** kube-scheduler dry-runs as many at least (minCandidateNodesAbsolute), and seldom more. */
const NODES_MAX = 100;

export class Preemptions {
  readonly #options: PreemptionsOptions;
  /** By namespace and name of the preemptor, the latest last. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: PreemptionsOptions) {
    this.#options = options;
  }

  answered(
    { pod, nodes }: { readonly pod: PodView; readonly nodes: ReadonlyMap<NodeName, Victims> },
    decisions: ReadonlyMap<NodeName, NodePreemption>,
  ): void {
    const told = [...decisions]
      .slice(0, NODES_MAX)
      .map(([node, decision]) => this.#victimsOn(node, nodes.get(node)?.pods ?? [], decision));
    const key = keyOf(pod);
    this.#kept.delete(key);
    const atMs = this.#options.clock.nowMs();
    this.#kept.set(key, { uid: pod.uid, atMs, nodes: told, chosen: undefined });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= PREEMPTORS_MAX) return;
      this.#kept.delete(oldest);
    }
  }

  /** @param seen the pod of this name that there is now; one of the name that is gone is another. */
  of(name: PodName, seen: PodView | undefined): ExplainedPreemption | undefined {
    const kept = this.#kept.get(keyOf(name));
    if (kept === undefined || (seen !== undefined && seen.uid !== kept.uid)) return undefined;
    const chosen = this.#chosenBy(kept);
    const nodes = kept.nodes.map(({ told }) => told);
    return { atMs: kept.atMs, nodes, ...(chosen !== undefined && { chosen }) };
  }

  /** Who made a pod of this name give way, by the latest answer that names it. */
  causeOf(name: PodName, seen: PodView | undefined): Preempted | undefined {
    const victim = keyOf(name);
    for (const [pod, kept] of [...this.#kept].toReversed()) {
      const chosen = this.#chosenBy(kept);
      const on = kept.nodes.find(({ told }) => told.node === chosen);
      const index = on?.told.victims.indexOf(victim) ?? -1;
      if (on === undefined || index < 0) continue;
      // A pod that is there and does not end was spared, or is another of the name.
      if (seen !== undefined && (seen.uid !== on.uids[index] || seen.isTerminating !== true)) continue;
      return { pod, node: on.told.node, atMs: kept.atMs, isAdded: on.told.added.includes(victim) };
    }
    return undefined;
  }

  #chosenBy(kept: Kept): NodeName | undefined {
    const seen = this.#options.ledger.pod(kept.uid);
    kept.chosen = seen?.nominatedNode ?? seen?.nodeName ?? kept.chosen;
    return kept.chosen;
  }

  #victimsOn(node: NodeName, offered: readonly PodUid[], decision: NodePreemption): VictimsOnNode {
    if (decision.kind === "droppedNode") {
      const told = { node, answer: decision.reason, victims: this.#names(offered), added: [] };
      return { uids: offered, told };
    }
    const uids = decision.victims.pods;
    const added = decision.kind === "addedVictims" ? decision.added : [];
    const answer = decision.kind === "addedVictims" ? "notEnough" : "enough";
    return { uids, told: { node, answer, victims: this.#names(uids), added: this.#names(added) } };
  }

  #names(uids: readonly PodUid[]): readonly string[] {
    return uids.map((uid) => {
      const seen = this.#options.ledger.pod(uid);
      return seen === undefined ? uid : keyOf(seen);
    });
  }
}

function keyOf({ namespace, name }: PodName): string {
  return `${namespace}/${name}`;
}
