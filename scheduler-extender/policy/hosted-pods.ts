// Which pods there are, as Services see them: by template and node instead of one by one, so that a Service is matched
// against a handful of groups, and a pod beside another of its kind changes nothing that anyone has to look at again.

import type { AppName, NodeName } from "#model/brand.ts";
import type { PodTraits, PodView } from "#model/cluster-view.ts";

/** The pods of one template, or of several that Services cannot tell apart. */
export interface PodGroup {
  readonly key: string;
  readonly namespace: string;
  /** Undefined outside the mesh. */
  readonly app: AppName | undefined;
  readonly traits: PodTraits;
  readonly nodes: ReadonlyMap<NodeName, PodCounts>;
}

export interface PodCounts {
  readonly present: number;
  /** Ready and staying. */
  readonly ready: number;
  /** Ready still, and terminating. */
  readonly leaving: number;
}

const NONE: PodCounts = { present: 0, ready: 0, leaving: 0 };
const NO_GROUPS: ReadonlyMap<string, PodGroup> = new Map();

export class HostedPods {
  readonly #byNamespace = new Map<string, Map<string, MutableGroup>>();
  readonly #byNode = new Map<NodeName, Set<MutableGroup>>();

  groupsIn(namespace: string): Iterable<PodGroup> {
    return (this.#byNamespace.get(namespace) ?? NO_GROUPS).values();
  }

  groupsOn(node: NodeName): Iterable<PodGroup> {
    return this.#byNode.get(node) ?? [];
  }

  /** @returns the groups that Services may see otherwise now; none if only a number changed. */
  change(before: PodView | undefined, after: PodView | undefined): readonly PodGroup[] {
    const from = placeOf(before);
    const to = placeOf(after);
    if (from !== undefined && to !== undefined && isSamePlace(from, to)) return [];
    const changed = new Set<PodGroup>();
    const noted = (place: Place | undefined, delta: 1 | -1): void => {
      const group = place === undefined ? undefined : this.#count(place, delta);
      if (group !== undefined) changed.add(group);
    };
    const wasSeen = stateAt(this.#find(from), from?.node);
    const willSee = stateAt(this.#find(to), to?.node);
    noted(to, 1);
    noted(from, -1);
    // Coming and going may cancel out, as when one of two ready pods is replaced by a third.
    const isSame =
      stateAt(this.#find(from), from?.node) === wasSeen && stateAt(this.#find(to), to?.node) === willSee;
    return isSame ? [] : [...changed];
  }

  #find(place: Place | undefined): MutableGroup | undefined {
    return place === undefined ? undefined : this.#byNamespace.get(place.namespace)?.get(groupKey(place));
  }

  #count(place: Place, delta: 1 | -1): MutableGroup {
    const group = this.#find(place) ?? this.#newGroup(place);
    const { present, ready, leaving } = group.nodes.get(place.node) ?? NONE;
    const counts = {
      present: present + delta,
      ready: ready + (place.state === "ready" ? delta : 0),
      leaving: leaving + (place.state === "leaving" ? delta : 0),
    };
    if (counts.present > 0) {
      group.nodes.set(place.node, counts);
      const onNode = this.#byNode.get(place.node) ?? new Set();
      this.#byNode.set(place.node, onNode.add(group));
      return group;
    }
    group.nodes.delete(place.node);
    const onNode = this.#byNode.get(place.node);
    onNode?.delete(group);
    if (onNode?.size === 0) this.#byNode.delete(place.node);
    if (group.nodes.size === 0) this.#drop(group);
    return group;
  }

  #newGroup({ namespace, app, traits, ...place }: Place): MutableGroup {
    const key = groupKey({ namespace, app, traits, ...place });
    const group: MutableGroup = { key, namespace, app, traits, nodes: new Map() };
    const groups = this.#byNamespace.get(namespace) ?? new Map<string, MutableGroup>();
    this.#byNamespace.set(namespace, groups.set(key, group));
    return group;
  }

  #drop({ namespace, key }: MutableGroup): void {
    const groups = this.#byNamespace.get(namespace);
    groups?.delete(key);
    if (groups?.size === 0) this.#byNamespace.delete(namespace);
  }
}

interface MutableGroup extends PodGroup {
  readonly nodes: Map<NodeName, PodCounts>;
}

interface Place {
  readonly namespace: string;
  readonly app: AppName | undefined;
  readonly traits: PodTraits;
  readonly node: NodeName;
  readonly state: "ready" | "leaving" | "unready";
}

function placeOf(pod: PodView | undefined): Place | undefined {
  if (pod?.traits === undefined || pod.nodeName === undefined || pod.isFinished) return undefined;
  const { namespace, app, traits, nodeName: node } = pod;
  const state = pod.isReady !== true ? "unready" : pod.isTerminating === true ? "leaving" : "ready";
  return { namespace, app, traits, node, state };
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.node === other.node && one.state === other.state && groupKey(one) === groupKey(other);
}

function groupKey({ app, traits }: Place): string {
  return `${app ?? ""} ${traits.key}`;
}

function stateAt(group: PodGroup | undefined, node: NodeName | undefined): string {
  const counts = node === undefined ? undefined : group?.nodes.get(node);
  return counts === undefined ? "absent" : servingState(counts);
}

/** What of the pods on one node counts for whoever sends requests there. */
export function servingState({ ready, leaving }: PodCounts): "ready" | "leaving" | "unready" {
  if (ready > 0) return "ready";
  return leaving > 0 ? "leaving" : "unready";
}
