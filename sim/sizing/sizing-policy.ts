// What a policy that sizes proxies is shown, minute by minute, and what it is asked. It sees what a recommender sees: the pods
// on the node, and what the proxy and its instances show of their use. What the proxy would like to use it does not see.

import type { Resources } from "#model/resources.ts";

export interface NodeOccasion {
  readonly node: number;
  readonly timeMs: number;
  /** App → pods on the node from now on. */
  readonly pods: ReadonlyMap<string, number>;
  /** Room for the proxy on this node. */
  readonly ceiling: Resources;
}

export interface NodeObservation {
  readonly node: number;
  readonly timeMs: number;
  readonly pods: ReadonlyMap<string, number>;
  /** Never more than the proxy's size: CPU is throttled, and memory beyond it kills the proxy. */
  readonly used: Resources;
  /** What of the minute the proxy was kept from running, as a share of it: from the kernel's counters. */
  readonly throttledShare: number;
  readonly wasOomKilled: boolean;
  readonly instances: readonly InstanceObservation[];
}

/** As the proxy's own metrics show it. */
export interface InstanceObservation {
  readonly app: string;
  readonly pods: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export interface SizingPolicy {
  readonly name: string;
  /** The proxy's size in the minute that begins. Asked of every node, in order, before `observe`. */
  decide(occasion: NodeOccasion): Resources;
  /** What the minute showed. */
  observe(observation: NodeObservation): void;
}
