// The latest decision about each of the pods that were asked about last, kept to be explained; an Event on a pod that
// only its share of the proxy keeps out, since neither kube-scheduler's message nor an autoscaler says so; and, as long
// as there are not too many, one on a pod whose node was chosen.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { RecordedEvent } from "#kube/event-series.ts";
import { TokenBucket } from "#kube/token-bucket.ts";
import type { Clock } from "#runtime/clock.ts";
import { DecisionRecord } from "../policy/decision-record.ts";
import type { DecisionWitness } from "../policy/decision-witness.ts";
import type { Explanation } from "../policy/explanation.ts";
import type { FilterResult } from "../policy/verbs.ts";
import { Preemptions } from "./preemptions.ts";
import { meshShareEvent, nodeChosenEvent } from "./explanation-event.ts";

export interface ExplanationsOptions {
  readonly ledger: LedgerView;
  /** What decisions run on. */
  readonly clock: Clock;
  readonly events: { record(event: RecordedEvent): void };
  /** Who else is told of choices. */
  readonly alsoTold?: Pick<DecisionWitness, "placed">;
}

/** Some ten kilobytes each, and as many nominations. Whoever asks why usually asks within minutes; these are what a busy minute decides. */
const DECISIONS_MAX = 1_000;
/** Pods that no node took, with the nodes that kube-scheduler had left: 40 KB each at 5,000 nodes. */
const OFFERS_MAX = 100;
/** An Event is there for an hour; a pod that still waits then is told anew. */
const TOLD_MS = 60 * 60_000;
/** Pods that wait for room at once. Above that many nobody reads Events, and further pods get none. */
const TOLD_MAX = 5_000;
/** Chosen nodes that are told: a fifth of what the recorder may write, for these must not push warnings out of its queue. */
const CHOSEN_RATE = { burst: 20, perSecond: 0.2 };

export class Explanations {
  readonly #options: ExplanationsOptions;
  /** By namespace and name, the latest last. */
  readonly #records = new Map<string, Kept>();
  readonly #nominations = new Map<string, Kept>();
  readonly #offers = new Map<string, { readonly uid: PodUid; readonly nodes: readonly NodeName[] }>();
  /** When what was told to which pod, the earliest first. */
  readonly #told = new Map<string, number>();
  readonly #chosenBucket: TokenBucket;
  /** What was answered about preempting, kept likewise. */
  readonly preemptions: Preemptions;

  constructor(options: ExplanationsOptions) {
    this.#options = options;
    this.preemptions = new Preemptions(options);
    this.#chosenBucket = new TokenBucket(CHOSEN_RATE, options.clock.nowMs());
  }

  /** To look on while a pod's nodes are filtered: what was known of the pod before is forgotten. */
  filtering(pod: PodView): DecisionWitness {
    return this.#begin(pod, this.#records);
  }

  /** To look on while a node is chosen for a pod that no node was offered for yet. */
  nominating(pod: PodView): DecisionWitness {
    const record = this.#begin(pod, this.#nominations);
    return {
      judged: (node, demand) => record.judged(node, demand),
      surelyFit: (nodes) => record.surelyFit(nodes),
      placed: (choice, demand) => {
        record.placed(choice, demand);
        this.#tellChosen(pod.uid, record);
      },
    };
  }

  /** To look on while the nodes that passed are ranked. */
  choosing(pod: PodView): DecisionWitness {
    const known = this.#records.get(keyOf(pod));
    return known?.uid === pod.uid ? known.record : this.#begin(pod, this.#records);
  }

  filtered(
    { pod, nodes }: { readonly pod: PodView; readonly nodes: readonly NodeName[] },
    result: FilterResult,
  ): void {
    const key = keyOf(pod);
    const kept = this.#records.get(key);
    kept?.record.finish();
    this.#offers.delete(key);
    if (result.passed.length > 0) {
      // Otherwise its nodes are ranked next; and of a nominated pod the choice was told when it was made.
      if (result.promised !== undefined && !this.#nominations.has(key)) this.ranked(pod);
      return;
    }
    this.#offers.set(key, { uid: pod.uid, nodes: this.#ownNames(nodes) });
    forgetBeyond(this.#offers, OFFERS_MAX);
    if (pod.app !== undefined && kept?.uid === pod.uid) this.#tellKeptOut(kept);
  }

  /** The nodes that passed were ranked. */
  ranked(pod: PodView): void {
    const kept = this.#records.get(keyOf(pod));
    if (pod.app !== undefined && kept?.uid === pod.uid) this.#tellChosen(kept.uid, kept.record);
  }

  /** The latest answer to kube-scheduler about the pod of this name; undefined if it is not among those kept. */
  lastOf(pod: Pick<PodView, "namespace" | "name">): Explanation | undefined {
    return this.#records.get(keyOf(pod))?.record.explanation();
  }

  /** The latest nomination of the pod of this name likewise. */
  nominationOf(pod: Pick<PodView, "namespace" | "name">): Explanation | undefined {
    return this.#nominations.get(keyOf(pod))?.record.explanation();
  }

  /** The nodes that kube-scheduler had left for a pod when none took it. */
  offeredTo(pod: PodView): readonly NodeName[] | undefined {
    const offer = this.#offers.get(keyOf(pod));
    return offer?.uid === pod.uid ? offer.nodes : undefined;
  }

  #begin(pod: PodView, records: Map<string, Kept>): DecisionRecord {
    const { ledger, clock, alsoTold } = this.#options;
    const nowMs = clock.nowMs();
    const record = new DecisionRecord(pod, { ledger, nowMs, fitting: "counted", alsoTold });
    const key = keyOf(pod);
    records.delete(key);
    records.set(key, { uid: pod.uid, record });
    forgetBeyond(records, DECISIONS_MAX);
    return record;
  }

  // Names that the ledger holds anyway, instead of the request's.
  #ownNames(nodes: readonly NodeName[]): readonly NodeName[] {
    return nodes.map((name) => this.#options.ledger.node(name)?.name ?? name);
  }

  #tellKeptOut({ uid, record }: Kept): void {
    this.#tellOnce(`kept out ${uid}`, () => meshShareEvent(record.explanation()));
  }

  #tellChosen(uid: PodUid, record: DecisionRecord): void {
    if (!this.#chosenBucket.take(this.#options.clock.nowMs())) return;
    this.#tellOnce(`chosen ${uid}`, () => nodeChosenEvent(record.explanation()));
  }

  // An Event that was there before would have to be counted up, which takes another right.
  #tellOnce(key: string, event: () => RecordedEvent | undefined): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [told, sinceMs] of this.#told) {
      if (sinceMs > nowMs - TOLD_MS) break;
      this.#told.delete(told);
    }
    if (this.#told.has(key) || this.#told.size >= TOLD_MAX) return;
    const told = event();
    if (told === undefined) return;
    this.#told.set(key, nowMs);
    this.#options.events.record(told);
  }
}

interface Kept {
  readonly uid: PodUid;
  readonly record: DecisionRecord;
}

function keyOf({ namespace, name }: Pick<PodView, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

function forgetBeyond(entries: Map<string, unknown>, sizeMax: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= sizeMax) return;
    entries.delete(key);
  }
}
