// What a run amounts to at a moment, kept up to date change by change, and its average over time.

import type { NodeLedger } from "#model/node-ledger.ts";
import { noResources, type Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import type { ClusterObserver } from "./replay-cluster.ts";
import type { MeshModel, ReplayPod } from "./replay-pod.ts";

export interface Totals {
  /** Pods that run. */
  readonly pods: number;
  /** Nodes that are there. */
  readonly nodes: number;
  /** Nodes with at least one pod besides the proxy. */
  readonly nodesUsed: number;
  /** (node, app) pairs; a sidecar is an instance of its own. */
  readonly instances: number;
  /** What the mesh needs: Σ required(n), or the sidecars. */
  readonly meshCpuMilliRequired: number;
  readonly meshMemoryBytesRequired: number;
  /** What the mesh has: the proxies' requests, headroom included, or the sidecars. */
  readonly meshCpuMilliGranted: number;
  readonly meshMemoryBytesGranted: number;
}

/** Mesh pods ÷ instances; undefined without any. */
export function reuseOf({ pods, instances }: Totals): number | undefined {
  return instances === 0 ? undefined : pods / instances;
}

export class RunTotals implements ClusterObserver {
  readonly #mesh: MeshModel;
  readonly #clock: Clock;
  /** By the nodes' numbers. */
  readonly #parts: (NodePart | undefined)[] = [];
  readonly #now = emptyTotals();
  readonly #integral = emptyTotals();
  #integratedToMs: number | undefined;
  #spanMs = 0;

  constructor(mesh: MeshModel, clock: Clock) {
    this.#mesh = mesh;
    this.#clock = clock;
  }

  current(): Totals {
    return { ...this.#now };
  }

  /** Averages begin now. */
  startAverage(): void {
    this.#integratedToMs = this.#clock.nowMs();
  }

  /** The mean over the time since the averages began; undefined if no time passed. */
  average(): Totals | undefined {
    this.#integrate();
    if (this.#spanMs === 0) return undefined;
    const mean = emptyTotals();
    for (const field of FIELDS) mean[field] = this.#integral[field] / this.#spanMs;
    return mean;
  }

  nodeAdded(node: NodeLedger): void {
    this.#touch(node);
  }

  nodeRemoved({ number }: NodeLedger): void {
    this.#integrate();
    const part = this.#parts[number];
    if (part === undefined) return;
    this.#add(part, -1);
    this.#parts[number] = undefined;
  }

  podBound(pod: ReplayPod, node: NodeLedger): void {
    this.#countPod(pod, 1);
    this.#touch(node);
  }

  podLeft(pod: ReplayPod, node: NodeLedger): void {
    this.#countPod(pod, -1);
    this.#touch(node);
  }

  proxyResized(node: NodeLedger): void {
    this.#touch(node);
  }

  #countPod({ sidecar }: ReplayPod, sign: 1 | -1): void {
    this.#integrate();
    this.#now.pods += sign;
    if (this.#mesh.kind === "nodeProxy") return;
    this.#now.instances += sign;
    this.#addMesh({ required: sidecar, granted: sidecar }, sign);
  }

  #touch(node: NodeLedger): void {
    this.#integrate();
    let part = this.#parts[node.number];
    if (part === undefined) {
      part = emptyPart();
      this.#parts[node.number] = part;
    } else {
      this.#add(part, -1);
    }
    fillPart(part, node, this.#mesh);
    this.#add(part, 1);
  }

  #add(part: NodePart, sign: 1 | -1): void {
    this.#now.nodes += sign;
    if (part.isUsed) this.#now.nodesUsed += sign;
    this.#now.instances += sign * part.instances;
    this.#addMesh(part, sign);
  }

  #addMesh({ required, granted }: Pick<NodePart, "required" | "granted">, sign: 1 | -1): void {
    this.#now.meshCpuMilliRequired += sign * required.cpuMilli;
    this.#now.meshMemoryBytesRequired += sign * required.memoryBytes;
    this.#now.meshCpuMilliGranted += sign * granted.cpuMilli;
    this.#now.meshMemoryBytesGranted += sign * granted.memoryBytes;
  }

  #integrate(): void {
    if (this.#integratedToMs === undefined) return;
    const passedMs = this.#clock.nowMs() - this.#integratedToMs;
    if (passedMs === 0) return;
    for (const field of FIELDS) this.#integral[field] += this.#now[field] * passedMs;
    this.#spanMs += passedMs;
    this.#integratedToMs += passedMs;
  }
}

/** Filled anew with every change of its node. */
interface NodePart {
  isUsed: boolean;
  instances: number;
  required: Resources;
  granted: Resources;
}

function emptyPart(): NodePart {
  return { isUsed: false, instances: 0, required: noResources, granted: noResources };
}

function fillPart(part: NodePart, node: NodeLedger, mesh: MeshModel): void {
  part.isUsed = node.occupants.size > 0;
  if (mesh.kind === "sidecar") return;
  part.instances = node.appPods.size;
  part.required = node.required();
  part.granted = node.counted ?? noResources;
}

type MutableTotals = { -readonly [K in keyof Totals]: Totals[K] };

export function emptyTotals(): MutableTotals {
  return {
    pods: 0,
    nodes: 0,
    nodesUsed: 0,
    instances: 0,
    meshCpuMilliRequired: 0,
    meshMemoryBytesRequired: 0,
    meshCpuMilliGranted: 0,
    meshMemoryBytesGranted: 0,
  };
}

const FIELDS = Object.keys(emptyTotals()) as readonly (keyof Totals)[];
