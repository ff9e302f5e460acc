// Counts the placements that went wrong, by arithmetic of its own: it shares no sum and no cost with the ledger that made
// the decision.
//   overcommit: Σ requests + required(n, S) > allocatable(n), for CPU or for memory

import { assert } from "#model/assert.ts";
import type { AppName } from "#model/brand.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { noResources, type Resources } from "#model/resources.ts";
import type { AppProfiles } from "./app-profiles.ts";
import type { ClusterObserver } from "./replay-cluster.ts";
import type { MeshModel, ReplayPod } from "./replay-pod.ts";

export interface AuditOptions {
  readonly mesh: MeshModel;
  readonly proxyBase: Resources;
  readonly profiles: AppProfiles;
}

export class OvercommitAudit implements ClusterObserver {
  readonly #options: AuditOptions;
  /** By the nodes' numbers. */
  readonly #tallies: (NodeTally | undefined)[] = [];
  #lastCost: AppCost | undefined;
  #lastAudited: AuditedCost | undefined;
  /** Placements after which the node had promised more than it has. */
  overcommits = 0;
  /** Placements after which the node had more pods of the app than the app's limit. */
  capViolations = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  nodeAdded({ number }: NodeLedger): void {
    const { cpuMilli, memoryBytes } =
      this.#options.mesh.kind === "nodeProxy" ? this.#options.proxyBase : noResources;
    this.#tallies[number] = { cpuMilli, memoryBytes, apps: new Map() };
  }

  nodeRemoved({ number }: NodeLedger): void {
    this.#tallies[number] = undefined;
  }

  podBound(pod: ReplayPod, { number, allocatable }: NodeLedger): void {
    const tally = this.#tallies[number];
    assert(tally !== undefined, "pods are bound to nodes that are there");
    this.#count(pod, tally, 1);
    if (tally.cpuMilli > allocatable.cpuMilli || tally.memoryBytes > allocatable.memoryBytes)
      this.overcommits++;
    const { maxPodsPerNode = Infinity } = this.#options.profiles.get(pod.app).placement;
    if (maxPodsPerNode !== Infinity && (tally.apps.get(pod.app) ?? 0) > maxPodsPerNode) this.capViolations++;
  }

  podLeft(pod: ReplayPod, { number }: NodeLedger): void {
    const tally = this.#tallies[number];
    if (tally !== undefined) this.#count(pod, tally, -1);
  }

  #count({ app, request }: ReplayPod, tally: NodeTally, sign: 1 | -1): void {
    tally.cpuMilli += sign * request.cpuMilli;
    tally.memoryBytes += sign * request.memoryBytes;
    const before = tally.apps.get(app) ?? 0;
    const after = before + sign;
    if (after === 0) tally.apps.delete(app);
    else tally.apps.set(app, after);
    if (this.#options.mesh.kind === "sidecar") return;
    const cost = this.#costOf(app);
    const instances = before === 0 || after === 0 ? sign : 0;
    tally.cpuMilli += sign * cost.perPod.cpuMilli + instances * cost.base.cpuMilli;
    tally.memoryBytes += sign * cost.perPod.memoryBytes + instances * cost.base.memoryBytes;
  }

  // Apps mostly cost the same.
  #costOf(app: AppName): AuditedCost {
    const { cost } = this.#options.profiles.get(app);
    if (this.#lastAudited === undefined || cost !== this.#lastCost) {
      this.#lastCost = cost;
      this.#lastAudited = auditedCost(cost);
    }
    return this.#lastAudited;
  }
}

/** What pods and their instances take of a node, in whole units. */
interface NodeTally {
  cpuMilli: number;
  memoryBytes: number;
  readonly apps: Map<AppName, number>;
}

interface AuditedCost {
  readonly base: Resources;
  readonly perPod: Resources;
}

function auditedCost(cost: AppCost): AuditedCost {
  const { base } = cost;
  return {
    base: { cpuMilli: Math.ceil(base.cpuMilli), memoryBytes: Math.ceil(base.memoryBytes) },
    perPod: { cpuMilli: perPodOf(cost, "cpuMilli"), memoryBytes: perPodOf(cost, "memoryBytes") },
  };
}

function perPodOf(cost: AppCost, resource: keyof Resources): number {
  const traffic =
    cost.connectionsPerPod * cost.perConnection[resource] + cost.kiloRpsPerPod * cost.perKiloRps[resource];
  return Math.ceil(cost.perPod[resource] + traffic);
}
