// Everything remembered of the pods of one workload, as upstream VPA's cluster state does for one VPA object: samples are
// gathered per container name and group (pods with the same labels), forgotten when they are older than the windows,
// and outlive a restart as one checkpoint per container name.

import { ContainerUsage } from "./container-usage.ts";
import { UsageAggregate, type UsageCheckpoint } from "./usage-aggregate.ts";

export interface ContainerSample {
  readonly pod: string;
  readonly container: string;
  readonly timeMs: number;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
}

export interface ContainerOom {
  readonly pod: string;
  readonly container: string;
  readonly timeMs: number;
  readonly requestedBytes: number;
}

/** What became of a sample. */
export type SampleVerdict = "taken" | "unknownContainer" | "negative" | "repeatedOrLate";

interface Pod {
  readonly group: string;
  readonly containers: ReadonlyMap<string, ContainerUsage>;
}

export class WorkloadHistory {
  readonly #pods = new Map<string, Pod>();
  readonly #aggregates = new Map<string, Gathered>();
  /** By container name, from before the last restart. */
  readonly #restored = new Map<string, UsageAggregate>();

  get podCount(): number {
    return this.#pods.size;
  }

  /** Tells of a pod and its containers; `group` is the same for pods whose samples belong together. */
  podSeen(name: string, { group, containers, nowMs }: PodSighting): void {
    const before = this.#pods.get(name);
    const usages = containers.map((container) => {
      this.#gathered(group, container, nowMs);
      return [container, before?.containers.get(container) ?? new ContainerUsage()] as const;
    });
    this.#pods.set(name, { group, containers: new Map(usages) });
  }

  podGone(name: string): void {
    this.#pods.delete(name);
  }

  pods(): Iterable<string> {
    return this.#pods.keys();
  }

  /** The worse of the two resources' verdicts; each is taken or left out by itself. */
  add({ pod, container, timeMs, cpuMilli, memoryBytes }: ContainerSample): SampleVerdict {
    const found = this.#find(pod, container, timeMs);
    if (found === undefined) return "unknownContainer";
    const { usage, aggregate } = found;
    const verdicts: SampleVerdict[] = [];
    if (cpuMilli !== undefined) {
      const isTaken = usage.addCpu(aggregate, { amount: cpuMilli, timeMs });
      verdicts.push(verdictOf(isTaken, cpuMilli));
    }
    if (memoryBytes !== undefined) {
      const isTaken = usage.addMemory(aggregate, { amount: memoryBytes, timeMs });
      verdicts.push(verdictOf(isTaken, memoryBytes));
    }
    return verdicts.find((verdict) => verdict !== "taken") ?? "taken";
  }

  addOom({ pod, container, timeMs, requestedBytes }: ContainerOom): SampleVerdict {
    const found = this.#find(pod, container, timeMs);
    if (found === undefined) return "unknownContainer";
    const isTaken = found.usage.addOom(found.aggregate, { amount: requestedBytes, timeMs });
    return isTaken ? "taken" : "repeatedOrLate";
  }

  /** Forgets what says nothing any more: aggregates without recent samples, or without samples and pods. */
  collectGarbage(nowMs: number): void {
    const present = new Set<string>();
    for (const { group, containers } of this.#pods.values())
      for (const container of containers.keys()) present.add(keyOf(group, container));
    for (const [key, { aggregate }] of this.#aggregates) {
      const isForgotten = aggregate.isEmpty && !present.has(key);
      if (isForgotten || aggregate.isExpired(nowMs)) this.#aggregates.delete(key);
    }
  }

  /** All that is known per container name; copies, which the caller may change. */
  byContainer(nowMs: number): ReadonlyMap<string, UsageAggregate> {
    const merged = new Map<string, UsageAggregate>();
    const add = (container: string, aggregate: UsageAggregate): void => {
      const present = merged.get(container) ?? new UsageAggregate(nowMs);
      present.merge(aggregate);
      merged.set(container, present);
    };
    // The newest first: merging moves older histograms on to the newer reference time for good. Upstream's order is random,
    // so that after a few rounds it has done the same.
    for (const { container, aggregate } of [...this.#aggregates.values()].toReversed())
      add(container, aggregate);
    for (const [container, aggregate] of this.#restored) add(container, aggregate);
    return merged;
  }

  /** By container name. Windows of memory peaks that are still open are left out. */
  checkpoints(nowMs: number): ReadonlyMap<string, UsageCheckpoint> {
    const merged = this.byContainer(nowMs);
    for (const { group, containers } of this.#pods.values()) {
      for (const [container, usage] of containers) {
        const aggregate = merged.get(container);
        if (aggregate !== undefined && this.#aggregates.has(keyOf(group, container)))
          usage.subtractOpenPeak(aggregate, nowMs);
      }
    }
    return new Map([...merged].map(([container, aggregate]) => [container, aggregate.checkpoint()]));
  }

  /** Starts from what was saved; false if the checkpoint is not ours to read. */
  restore(container: string, checkpoint: UsageCheckpoint, nowMs: number): boolean {
    const aggregate = UsageAggregate.restored(checkpoint, nowMs);
    if (aggregate === undefined) return false;
    this.#restored.set(container, aggregate);
    return true;
  }

  #find(podName: string, container: string, nowMs: number): Found | undefined {
    const pod = this.#pods.get(podName);
    const usage = pod?.containers.get(container);
    if (pod === undefined || usage === undefined) return undefined;
    return { usage, aggregate: this.#gathered(pod.group, container, nowMs).aggregate };
  }

  #gathered(group: string, container: string, nowMs: number): Gathered {
    const key = keyOf(group, container);
    const known = this.#aggregates.get(key);
    if (known !== undefined) return known;
    const gathered = { container, aggregate: new UsageAggregate(nowMs) };
    this.#aggregates.set(key, gathered);
    return gathered;
  }
}

interface PodSighting {
  readonly group: string;
  readonly containers: readonly string[];
  readonly nowMs: number;
}

interface Gathered {
  readonly container: string;
  readonly aggregate: UsageAggregate;
}

interface Found {
  readonly usage: ContainerUsage;
  readonly aggregate: UsageAggregate;
}

function keyOf(group: string, container: string): string {
  return `${group}\n${container}`;
}

function verdictOf(isTaken: boolean, amount: number): SampleVerdict {
  if (isTaken) return "taken";
  return amount >= 0 ? "repeatedOrLate" : "negative";
}
