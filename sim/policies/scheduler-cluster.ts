// The model's counterpart of kube-scheduler's cache (pkg/scheduler/backend/cache): nodes, what is requested on them,
// how many pods of each spread group stand on each node and in each zone, and the pods that selectors may look for. All
// sums are kept up to date as pods come and go, so that a scheduling cycle only reads them.

import type { Labels } from "#model/app.ts";
import { assert } from "#model/assert.ts";
import type { Resources } from "#model/resources.ts";
import type { HostPort } from "./host-ports.ts";
import type { NodeImages } from "./image-locality.ts";
import { ZONE_LABEL, inNodeTreeOrder } from "./node-tree.ts";
import { PodGroups } from "./pod-groups.ts";
import { HOSTNAME_LABEL, type SchedulerNode } from "./scheduler-node.ts";
import { nonZeroRequest } from "./scheduler-pod.ts";
import type { SchedulerPod } from "./scheduler-pod.ts";
import type { Taint } from "#model/taints.ts";

/** kubelet's default for `maxPods`. */
const PODS_MAX_DEFAULT = 110;

export interface NodeSpec {
  readonly name: string;
  readonly allocatable: Resources;
  /** `allocatable.pods`; 110 by default. */
  readonly podsMax?: number;
  /** By default the host name that kubelet sets, and nothing else. */
  readonly labels?: Labels;
  readonly taints?: readonly Taint[];
  readonly isUnschedulable?: boolean;
  readonly images?: readonly NodeImage[];
  /** Resources but CPU and memory, by name. */
  readonly otherAllocatable?: Readonly<Record<string, number>>;
}

/** As a node's status lists it. */
export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

export class SchedulerCluster {
  /** The pods that have labels or affinities. */
  readonly groups = new PodGroups();
  readonly #nodes = new Map<string, MutableNode>();
  readonly #zones = new Map<string, number>();
  readonly #spread = new Map<string, SpreadCounts>();
  /** Removed, with pods that have not been removed yet. */
  readonly #leaving = new Set<string>();
  /** How many nodes have an image, by each of its names. */
  readonly #imageNodes = new Map<string, number>();
  #ordered: readonly SchedulerNode[] | undefined;

  constructor(nodes: readonly NodeSpec[] = []) {
    for (const node of nodes) this.putNode(node);
  }

  /** All nodes in the order in which kube-scheduler goes through them. */
  get nodes(): readonly SchedulerNode[] {
    this.#ordered ??= inNodeTreeOrder(
      [...this.#nodes.values()].filter((node) => !this.#leaving.has(node.name)),
    );
    return this.#ordered;
  }

  /** Zone indexes are below this. */
  get zoneLimit(): number {
    return this.#zones.size + 1;
  }

  /** How many nodes have the image. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  node(name: string): SchedulerNode | undefined {
    return this.#leaving.has(name) ? undefined : this.#nodes.get(name);
  }

  /** Adds a node, or replaces what is known of it; its pods stay. */
  putNode(spec: NodeSpec): void {
    const labels = spec.labels ?? { [HOSTNAME_LABEL]: spec.name };
    const zone = labels[ZONE_LABEL];
    const fields = {
      name: spec.name,
      cpuMilliAllocatable: spec.allocatable.cpuMilli,
      memoryBytesAllocatable: spec.allocatable.memoryBytes,
      podsMax: spec.podsMax ?? PODS_MAX_DEFAULT,
      labels,
      taints: spec.taints ?? [],
      isUnschedulable: spec.isUnschedulable ?? false,
      zoneIndex: zone === undefined ? 0 : this.#indexOfZone(zone),
      hasHostname: labels[HOSTNAME_LABEL] !== undefined,
      images: imagesByName(spec.images),
      otherAllocatable: spec.otherAllocatable ?? NO_OTHERS,
    };
    const known = this.#nodes.get(spec.name);
    this.#countImages(fields.images, 1);
    if (known === undefined) {
      this.#nodes.set(spec.name, {
        ...fields,
        ...NOTHING_REQUESTED,
        hostPorts: [],
        otherRequested: NOTHING_OF_OTHERS,
      });
    } else {
      this.#countImages(known.images, -1);
      this.#moveSpreadCounts(known, fields.zoneIndex);
      Object.assign(known, fields);
    }
    this.#leaving.delete(spec.name);
    this.#ordered = undefined;
  }

  /** Takes a node out at once; what is on it is remembered until its pods are removed too. */
  removeNode(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    this.#countImages(node.images, -1);
    // Its pods are nowhere for those that look for them.
    Object.assign(node, { images: NO_IMAGES, labels: {} });
    if (node.pods === 0) this.#nodes.delete(name);
    else this.#leaving.add(name);
    this.#ordered = undefined;
  }

  addPod(nodeName: string, pod: SchedulerPod): void {
    this.#change(nodeName, pod, 1);
  }

  /** Takes back what addPod added for an equal pod. */
  removePod(nodeName: string, pod: SchedulerPod): void {
    this.#change(nodeName, pod, -1);
  }

  /** Where the pods of a spread group are; undefined if there are none. */
  spreadCounts(group: string): SpreadCounts | undefined {
    return this.#spread.get(group);
  }

  #change(nodeName: string, pod: SchedulerPod, sign: 1 | -1): void {
    const node = this.#nodes.get(nodeName);
    assert(node !== undefined, "a pod is on a known node");
    const scored = pod.scoredRequest ?? nonZeroRequest(pod.request);
    node.cpuMilliRequested += sign * pod.request.cpuMilli;
    node.memoryBytesRequested += sign * pod.request.memoryBytes;
    node.cpuMilliScored += sign * scored.cpuMilli;
    node.memoryBytesScored += sign * scored.memoryBytes;
    node.pods += sign;
    assert(
      node.pods >= 0 && node.cpuMilliRequested >= 0 && node.memoryBytesRequested >= 0,
      "no more is removed from a node than was added",
    );
    if (pod.spreadGroup !== undefined) this.#changeSpread(pod.spreadGroup, node, sign);
    if (pod.otherRequests !== undefined) changeOthers(node, pod.otherRequests, sign);
    if (pod.hostPorts !== undefined) changePorts(node, pod.hostPorts, sign);
    this.groups.change(pod, node, sign);
    if (node.pods === 0 && this.#leaving.delete(nodeName)) this.#nodes.delete(nodeName);
  }

  #changeSpread(group: string, node: MutableNode, sign: 1 | -1): void {
    let counts = this.#spread.get(group);
    if (counts === undefined) {
      counts = { pods: 0, byNode: new Map(), byZone: [] };
      this.#spread.set(group, counts);
    }
    const onNode = (counts.byNode.get(node) ?? 0) + sign;
    if (onNode === 0) counts.byNode.delete(node);
    else counts.byNode.set(node, onNode);
    counts.byZone[node.zoneIndex] = (counts.byZone[node.zoneIndex] ?? 0) + sign;
    counts.pods += sign;
    if (counts.pods === 0) this.#spread.delete(group);
  }

  #countImages(images: NodeImages, sign: 1 | -1): void {
    for (const name of images.keys()) this.#imageNodes.set(name, this.nodesWithImage(name) + sign);
  }

  #moveSpreadCounts(node: MutableNode, zoneIndex: number): void {
    if (node.zoneIndex === zoneIndex) return;
    for (const { byNode, byZone } of this.#spread.values()) {
      const onNode = byNode.get(node) ?? 0;
      byZone[node.zoneIndex] = (byZone[node.zoneIndex] ?? 0) - onNode;
      byZone[zoneIndex] = (byZone[zoneIndex] ?? 0) + onNode;
    }
  }

  #indexOfZone(zone: string): number {
    let index = this.#zones.get(zone);
    if (index === undefined) {
      index = this.#zones.size + 1;
      this.#zones.set(zone, index);
    }
    return index;
  }
}

/** How many pods of one group there are; a missing entry is none. */
export interface SpreadCounts {
  pods: number;
  readonly byNode: Map<SchedulerNode, number>;
  /** By zone index. */
  readonly byZone: (number | undefined)[];
}

type MutableNode = { -readonly [K in keyof SchedulerNode]: SchedulerNode[K] };

const NO_IMAGES: NodeImages = new Map();
const NO_OTHERS = {};
const NOTHING_OF_OTHERS: ReadonlyMap<string, number> = new Map();

function imagesByName(images: readonly NodeImage[] | undefined): NodeImages {
  if (images === undefined || images.length === 0) return NO_IMAGES;
  const byName = new Map<string, number>();
  for (const { names, sizeBytes } of images) {
    for (const name of names) if (!byName.has(name)) byName.set(name, sizeBytes);
  }
  return byName;
}

// Few pods ask for any, so a new map each time costs less than one for every node.
function changeOthers(node: MutableNode, amounts: Readonly<Record<string, number>>, sign: 1 | -1): void {
  const requested = new Map(node.otherRequested);
  for (const [name, amount] of Object.entries(amounts)) {
    requested.set(name, (requested.get(name) ?? 0) + sign * amount);
  }
  node.otherRequested = requested;
}

function changePorts(node: MutableNode, ports: readonly HostPort[], sign: 1 | -1): void {
  if (sign === 1) {
    node.hostPorts = [...node.hostPorts, ...ports];
    return;
  }
  const left = [...node.hostPorts];
  for (const { port, protocol, ip } of ports) {
    const at = left.findIndex((own) => own.port === port && own.protocol === protocol && own.ip === ip);
    if (at >= 0) left.splice(at, 1);
  }
  node.hostPorts = left;
}

const NOTHING_REQUESTED = {
  cpuMilliRequested: 0,
  memoryBytesRequested: 0,
  cpuMilliScored: 0,
  memoryBytesScored: 0,
  pods: 0,
} as const;
