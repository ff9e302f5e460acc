// What no placement can do better than, for the pods that run at one moment:
//   instances ≥ Σ over apps ⌈pods / limit per node⌉
//   nodes     ≥ the fewest, largest first, whose capacity beside the proxies' base holds Σ (A + perPod) + Σ base ·
//               instances, for CPU, memory and pod slots each
// Valid, cheap and not tight: it packs fractions of pods (arXiv 2509.10075 on why tighter ones are hard).

import { type UnitCost, unitCost } from "#model/mesh-cost.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import { noResources, type Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import type { AppProfiles } from "./app-profiles.ts";
import type { ClusterObserver } from "./replay-cluster.ts";
import type { MeshModel, ReplayPod, TracedApp } from "./replay-pod.ts";

/** What the running pods need at least, wherever they are. */
export interface LeastNeed {
  readonly pods: number;
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** Keeps the least need of the running pods up to date. */
export class LeastNeedSums implements ClusterObserver {
  readonly #mesh: MeshModel;
  readonly #profiles: AppProfiles;
  /** Of those with pods, by their numbers. */
  readonly #needs: (AppNeed | undefined)[] = [];
  #lastCost: AppCost | undefined;
  #lastUnitCost: UnitCost | undefined;
  #pods = 0;
  #instances = 0;
  #cpuMilli = 0;
  #memoryBytes = 0;
  readonly #clock: Clock;
  readonly #sinceMs: number;
  #integratedToMs: number;
  #instanceMs = 0;

  constructor(mesh: MeshModel, profiles: AppProfiles, clock: Clock) {
    this.#mesh = mesh;
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
    this.#integratedToMs = this.#sinceMs;
    this.#profiles = profiles;
  }

  get pods(): number {
    return this.#pods;
  }

  current(): LeastNeed {
    return {
      pods: this.#pods,
      instances: this.#instances,
      cpuMilli: this.#cpuMilli,
      memoryBytes: this.#memoryBytes,
    };
  }

  /** Least instances over the time until now, averaged; undefined if no time passed. */
  instancesAverage(): number | undefined {
    this.#integrate();
    const spanMs = this.#integratedToMs - this.#sinceMs;
    return spanMs === 0 ? undefined : this.#instanceMs / spanMs;
  }

  podBound(pod: ReplayPod): void {
    this.#change(pod, 1);
  }

  podLeft(pod: ReplayPod): void {
    this.#change(pod, -1);
  }

  #integrate(): void {
    const nowMs = this.#clock.nowMs();
    this.#instanceMs += this.#instances * (nowMs - this.#integratedToMs);
    this.#integratedToMs = nowMs;
  }

  #change({ traced, request }: ReplayPod, sign: 1 | -1): void {
    this.#integrate();
    this.#pods += sign;
    this.#cpuMilli += sign * request.cpuMilli;
    this.#memoryBytes += sign * request.memoryBytes;
    // A sidecar is an instance of its own, and its size is in the request.
    if (this.#mesh.kind === "sidecar") return void (this.#instances += sign);
    const need = this.#needOf(traced);
    const { pods: before, limit } = need;
    const { base, perPod } = need.cost;
    need.pods += sign;
    if (need.pods === 0) this.#needs[traced.number] = undefined;
    const instances = instancesMin(need.pods, limit) - instancesMin(before, limit);
    this.#instances += instances;
    this.#cpuMilli += sign * perPod.cpuMilli + instances * base.cpuMilli;
    this.#memoryBytes += sign * perPod.memoryBytes + instances * base.memoryBytes;
  }

  #needOf({ app, number }: TracedApp): AppNeed {
    let need = this.#needs[number];
    if (need === undefined) {
      const { cost, placement } = this.#profiles.get(app);
      need = { cost: this.#unitCost(cost), pods: 0, limit: placement.maxPodsPerNode ?? Infinity };
      this.#needs[number] = need;
    }
    return need;
  }

  // Apps mostly cost the same.
  #unitCost(cost: AppCost): UnitCost {
    if (this.#lastUnitCost === undefined || cost !== this.#lastCost) {
      this.#lastCost = cost;
      this.#lastUnitCost = unitCost(cost);
    }
    return this.#lastUnitCost;
  }
}

interface AppNeed {
  readonly cost: UnitCost;
  pods: number;
  readonly limit: number;
}

export interface Supply {
  /** All the nodes there are, or the size of those of which there are as many as it takes. */
  readonly supply: readonly Resources[] | Resources;
  readonly podsPerNodeMax: number;
  /** Undefined where no proxy runs on the nodes. */
  readonly proxyBase: Resources | undefined;
}

/** Nodes that the need takes at least; undefined if all there are cannot hold it. */
export function nodesMin(need: LeastNeed, { supply, podsPerNodeMax, proxyBase }: Supply): number | undefined {
  const base = proxyBase ?? noResources;
  const fewest = (resource: keyof Resources): number =>
    "cpuMilli" in supply
      ? Math.ceil(need[resource] / (supply[resource] - base[resource]))
      : fewestOf(
          need[resource],
          supply.map((node) => node[resource] - base[resource]),
        );
  const forPods = Math.ceil(need.pods / (podsPerNodeMax - (proxyBase === undefined ? 0 : 1)));
  const nodes = Math.max(fewest("cpuMilli"), fewest("memoryBytes"), forPods);
  return Number.isFinite(nodes) ? nodes : undefined;
}

function instancesMin(pods: number, limit: number): number {
  return pods === 0 ? 0 : limit === Infinity ? 1 : Math.ceil(pods / limit);
}

/** Infinity if all of them together are too small. */
function fewestOf(need: number, capacities: readonly number[]): number {
  let left = need;
  let nodes = 0;
  for (const capacity of [...capacities].sort((a, b) => b - a)) {
    if (left <= 0) return nodes;
    left -= capacity;
    nodes++;
  }
  return left <= 0 ? nodes : Infinity;
}
