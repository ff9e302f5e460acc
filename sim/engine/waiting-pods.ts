// Pods that found no node, and which of them to try again where something left. Pods of one app and one size are alike
// and fail together; alike but for the app, they differ only on nodes that run the app already. So a node with new room
// is asked about each size once, and once about each app that it runs: what one departure costs does not grow with the
// number of pods that wait.

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import { assert } from "#model/assert.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { isWithin, type Resources } from "#model/resources.ts";
import { roomOf } from "./node-room.ts";
import type { Placer } from "./placement-policy.ts";
import type { ClusterObserver, ProxyChange } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

interface WaitingPod {
  readonly pod: ReplayPod;
  /** How many have waited before. */
  readonly place: number;
}

/** Pods of one app and one size, in the order of their coming. */
interface Alike {
  readonly size: SizeClass;
  readonly app: AppName;
  readonly pods: Map<PodUid, WaitingPod>;
  /** New nodes were no help. */
  isHopeless: boolean;
}

/** Pods that request the same, by app, apps in the order in which they began to wait. */
interface SizeClass {
  readonly key: string;
  readonly request: Resources;
  readonly apps: Map<AppName, Alike>;
}

type Bind = (pod: ReplayPod, node: NodeName) => void;

export class WaitingPods implements ClusterObserver {
  /** By cpuClass. */
  readonly #sizes: Map<string, SizeClass>[] = [];
  readonly #nodesWithNewRoom = new Set<NodeLedger>();
  #hasNewNodes = false;
  #size = 0;
  #everWaited = 0;

  get size(): number {
    return this.#size;
  }

  add(pod: ReplayPod): void {
    const size = this.#sizeOf(pod);
    let alike = size.apps.get(pod.app);
    if (alike === undefined) {
      alike = { size, app: pod.app, pods: new Map(), isHopeless: false };
      size.apps.set(pod.app, alike);
    }
    alike.pods.set(pod.uid, { pod, place: this.#everWaited++ });
    this.#size++;
  }

  /** Takes a pod out that is deleted or bound; false if it did not wait. */
  remove({ uid, app, request }: ReplayPod): boolean {
    const sizes = this.#sizes[cpuClass(request.cpuMilli)];
    const size = sizes?.get(keyOf(request));
    const alike = size?.apps.get(app);
    if (size === undefined || alike?.pods.delete(uid) !== true) return false;
    if (alike.pods.size === 0) size.apps.delete(app);
    if (size.apps.size === 0) sizes?.delete(size.key);
    this.#size--;
    return true;
  }

  /** Pods for which new nodes may help. */
  hopeful(): readonly ReplayPod[] {
    const hopeful = [...this.#all()].filter(({ isHopeless }) => !isHopeless);
    return hopeful.flatMap(({ pods }) => [...pods.values()].map(({ pod }) => pod));
  }

  /** New nodes did not help any pod that waits now. */
  giveUpHope(): void {
    for (const alike of this.#all()) alike.isHopeless = true;
  }

  /** Places what now has room; `bind` is called for each, at once. Returns how many were. */
  retry(placer: Placer, bind: Bind): number {
    if (this.#nodesWithNewRoom.size === 0) return 0;
    const nodes = [...this.#nodesWithNewRoom];
    this.#nodesWithNewRoom.clear();
    if (this.#hasNewNodes) return this.#placeAll(placer, bind);
    let placed = 0;
    for (const node of nodes) {
      if (this.#size === 0) break;
      placed += this.#fill(node, placer, bind);
    }
    return placed;
  }

  podLeft(_pod: ReplayPod, node: NodeLedger): void {
    this.#nodesWithNewRoom.add(node);
  }

  proxyResized(node: NodeLedger, { before, after }: ProxyChange): void {
    if (!isWithin(before, after)) this.#nodesWithNewRoom.add(node);
  }

  nodeAdded(node: NodeLedger): void {
    this.#nodesWithNewRoom.add(node);
    this.#hasNewNodes = true;
  }

  nodeRemoved(node: NodeLedger): void {
    this.#nodesWithNewRoom.delete(node);
  }

  // New nodes may take pods of all kinds: every one is tried in the order of coming.
  #placeAll(placer: Placer, bind: Bind): number {
    this.#hasNewNodes = false;
    const inOrder = [...this.#all()].flatMap((alike) =>
      [...alike.pods.values()].map((waiting) => Object.assign({ alike }, waiting)),
    );
    inOrder.sort((a, b) => a.place - b.place);
    const failed = new Set<Alike>();
    let placed = 0;
    for (const { pod, alike } of inOrder) {
      if (failed.has(alike)) continue;
      const node = placer.place(pod);
      if (node === undefined) {
        failed.add(alike);
        continue;
      }
      this.remove(pod);
      bind(pod, node);
      placed++;
    }
    return placed;
  }

  // As kube-scheduler does after a pod has left: who came first is tried first, and takes the room if it fits.
  #fill(node: NodeLedger, placer: Placer, bind: Bind): number {
    const failed = new Set<SizeClass>();
    let placed = 0;
    for (;;) {
      const room = roomOf(node);
      const sizes = this.#within(room).filter((size) => !failed.has(size));
      sizes.sort((a, b) => placeOf(a) - placeOf(b));
      let taken: Alike | undefined;
      for (const size of sizes) {
        taken = acceptedOf(size, node, placer);
        if (taken !== undefined) break;
        failed.add(size);
      }
      if (taken === undefined || !this.#placeFirst(taken, placer, bind)) return placed;
      placed++;
    }
  }

  #within(room: Resources): SizeClass[] {
    const sizes: SizeClass[] = [];
    for (let cpus = 0; cpus <= cpuClass(room.cpuMilli); cpus++) {
      for (const size of this.#sizes[cpus]?.values() ?? []) {
        if (isWithin(size.request, room)) sizes.push(size);
      }
    }
    return sizes;
  }

  #placeFirst(alike: Alike, placer: Placer, bind: Bind): boolean {
    const pod = firstOf(alike);
    assert(pod !== undefined, "pods that are alike are at least one");
    const node = placer.place(pod);
    if (node === undefined) return false;
    this.remove(pod);
    bind(pod, node);
    return true;
  }

  *#all(): Iterable<Alike> {
    for (const sizes of this.#sizes) for (const { apps } of sizes.values()) yield* apps.values();
  }

  #sizeOf({ request }: ReplayPod): SizeClass {
    const key = keyOf(request);
    const cpus = cpuClass(request.cpuMilli);
    while (this.#sizes.length <= cpus) this.#sizes.push(new Map());
    let size = this.#sizes[cpus]?.get(key);
    if (size === undefined) {
      size = { key, request, apps: new Map() };
      this.#sizes[cpus]?.set(key, size);
    }
    return size;
  }
}

/** Pods of the size that the node takes, those that began to wait first; undefined if it takes none. */
function acceptedOf(size: SizeClass, node: NodeLedger, placer: Placer): Alike | undefined {
  for (const alike of size.apps.values()) {
    if (node.appPods.has(alike.app)) continue;
    const pod = firstOf(alike);
    if (pod !== undefined && placer.accepts(node.name, pod)) return alike;
    // So would be the answer for all other apps that the node does not run.
    break;
  }
  return hostedOf(size, node, placer);
}

function hostedOf(size: SizeClass, node: NodeLedger, placer: Placer): Alike | undefined {
  for (const app of node.appPods.keys()) {
    const alike = size.apps.get(app);
    const pod = firstOf(alike);
    if (pod !== undefined && placer.accepts(node.name, pod)) return alike;
  }
  return undefined;
}

function firstOf(alike: Alike | undefined): ReplayPod | undefined {
  for (const { pod } of alike?.pods.values() ?? []) return pod;
  return undefined;
}

/** Of the first pod of the app that began to wait first. */
function placeOf({ apps }: SizeClass): number {
  for (const { pods } of apps.values()) for (const { place } of pods.values()) return place;
  return Infinity;
}

/** Sizes within a factor of two of CPU are kept together, so that a node with little room is asked about few. */
function cpuClass(cpuMilli: number): number {
  return Math.floor(Math.log2(Math.max(1, cpuMilli)));
}

function keyOf({ cpuMilli, memoryBytes }: Resources): string {
  return `${cpuMilli} ${memoryBytes}`;
}
