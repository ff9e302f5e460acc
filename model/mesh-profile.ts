// What one app's mesh instance costs, may use, and where it may be placed.

import type { AppName } from "./brand.ts";
import type { CallerRules } from "./callers.ts";
import type { Resources } from "./resources.ts";

export interface MeshProfile {
  readonly app: AppName;
  /** As the profile gives them. */
  readonly cost: AppCost;
  /** As the recommender learned them from the app's instances; absent until it has. */
  readonly learned?: LearnedCost;
  readonly quota: Quota;
  /** Absent: a thread. */
  readonly isolation?: Isolation;
  readonly observation?: Observation;
  /** Ports of plain TCP; absent: none. */
  readonly tcpPorts?: readonly TcpPort[];
  readonly placement: PlacementLimits;
  /** Absent: anybody may call it. */
  readonly callers?: CallerRules;
  /** The app's two ports, the same on every node; undefined until allocated. */
  readonly ports: AppPorts | undefined;
  /** Its status says nothing of the ports it has, or says it of an earlier spec; absent if it is up to date. */
  readonly isStatusOutdated?: true;
  /** Nodes have another configuration than its spec says, or it is not recorded which they have; absent: neither. */
  readonly releaseDue?: "changed" | "unrecorded";
}

/** How an app's instance is kept apart: in a thread of the node's proxy, or in a process of its own beside it. */
export const ISOLATIONS = ["thread", "process"] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** A port on every node that hosts the app, which leads to a port of its pods there, whatever is spoken on it. */
export interface TcpPort {
  readonly listenPort: number;
  readonly podPort: number;
}

/** What is recorded of an app's requests, beside their counts. */
export interface Observation {
  /** Share of requests with a line in the access log, 0 to 1; those that fail have one. Absent: no log. */
  readonly accessLogRatio?: number;
  /** Absent: what comes goes on unread. */
  readonly traces?: TraceSettings;
}

/** Traces go on, and are started where none come. */
export interface TraceSettings {
  /** Of the traces that are started, the share that is marked as sampled, 0 to 1. */
  readonly sampleRatio: number;
}

/** Coefficients of the mesh's cost on a node; see mesh-cost.ts for the formula. */
export interface AppCost {
  /** A bare instance: paid once per node that hosts the app. */
  readonly base: Resources;
  readonly perPod: Resources;
  readonly perConnection: Resources;
  /** Per thousand requests per second. */
  readonly perKiloRps: Resources;
  /** Planned traffic of one pod. */
  readonly connectionsPerPod: number;
  readonly kiloRpsPerPod: number;
}

/** Costs that instances were seen to have, on all nodes together. */
export interface LearnedCost {
  readonly cost: AppCost;
  /** From 0, no better known than by the profile, to 1. */
  readonly confidence: number;
}

/** Limits of one instance on one node, both directions together; an absent limit is not enforced. */
export interface Quota {
  /** Above it nothing is read from the instance's connections for a while. */
  readonly cpuMilli?: number;
  /** Heap and buffers. */
  readonly memoryBytes?: number;
  /** Open client connections. */
  readonly connections?: number;
  /** Open sockets, of clients and to destinations. */
  readonly fileDescriptors?: number;
  readonly requestsPerSecond?: number;
  /** Requests that may arrive at once above the steady rate; as many as requestsPerSecond if absent. */
  readonly burst?: number;
  /** Requests in progress at once. */
  readonly concurrency?: number;
  /** Requests that may wait for the concurrency; none if absent. */
  readonly queue?: number;
  /** How long one may wait. */
  readonly queueMs?: number;
  /** How long one may take until its answer begins, waiting included. */
  readonly requestMs?: number;
  /** Bytes read from clients. */
  readonly receivedBytesPerSecond?: number;
  /** Bytes read from destinations for clients. */
  readonly sentBytesPerSecond?: number;
}

export interface PlacementLimits {
  readonly maxPodsPerNode?: number;
  /** Zones are told apart by the nodes' label topology.kubernetes.io/zone. */
  readonly maxPodsPerZone?: number;
}

export interface AppPorts {
  readonly inbound: number;
  readonly outbound: number;
}

const MIB = 1024 ** 2;

/**
 * Where nothing is known of an app. The bare instance is NodeSentry's published ≈ 200 MB; CPU and traffic costs follow
 * Istio 1.24's published sidecar (0.20 vCPU at 1,000 requests per second).
 */
export const DEFAULT_APP_COST: AppCost = {
  base: { cpuMilli: 50, memoryBytes: 200 * MIB },
  perPod: { cpuMilli: 10, memoryBytes: 10 * MIB },
  perConnection: { cpuMilli: 0, memoryBytes: 32 * 1024 },
  perKiloRps: { cpuMilli: 200, memoryBytes: 10 * MIB },
  connectionsPerPod: 20,
  kiloRpsPerPod: 0.05,
};

/** The profile of an app that has none of its own. */
export function defaultProfile(app: AppName): MeshProfile {
  return { app, cost: DEFAULT_APP_COST, quota: NO_QUOTA, placement: NO_LIMITS, ports: undefined };
}

/** The default's own, in identity: whether a profile is the default is told by them. */
export const NO_QUOTA: Quota = {};
export const NO_LIMITS: PlacementLimits = {};
