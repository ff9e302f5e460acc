// A node as kube-scheduler's model sees it.

import type { Labels } from "#model/app.ts";
import type { Taint } from "#model/taints.ts";
import type { HostPort } from "./host-ports.ts";
import type { NodeImages } from "./image-locality.ts";

export const HOSTNAME_LABEL = "kubernetes.io/hostname";

/** A node and what is on it: plain numbers, because every cycle reads hundreds of them. */
export interface SchedulerNode {
  readonly name: string;
  readonly cpuMilliAllocatable: number;
  readonly memoryBytesAllocatable: number;
  readonly podsMax: number;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  readonly isUnschedulable: boolean;
  /** Sums over the pods here. */
  readonly cpuMilliRequested: number;
  readonly memoryBytesRequested: number;
  /** The same with defaults for what requests nothing. */
  readonly cpuMilliScored: number;
  readonly memoryBytesScored: number;
  readonly pods: number;
  /** The zone's index among those seen, 0 for none. */
  readonly zoneIndex: number;
  readonly hasHostname: boolean;
  readonly images: NodeImages;
  /** Resources but CPU and memory, by name; what is missing is none. */
  readonly otherAllocatable: Readonly<Record<string, number>>;
  readonly otherRequested: ReadonlyMap<string, number>;
  /** Taken by the pods here. */
  readonly hostPorts: readonly HostPort[];
}
