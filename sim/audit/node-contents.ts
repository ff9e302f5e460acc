// What the API's objects say is on each node, kept by listening to the loopback store: the base of the audit and of the
// simulated usage. It shares no arithmetic with the ledger it is there to check.

import { meshAppOf, PROXY_LABEL } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import type { KubeObject } from "../loopback/kube-object.ts";
import type { Change, ObjectStore } from "../loopback/object-store.ts";

export interface PodOnNode {
  readonly uid: string;
  readonly app: AppName | undefined;
  readonly isProxy: boolean;
  readonly request: Resources;
  readonly object: KubeObject;
}

export type ContentsEvent =
  | { readonly kind: "bound"; readonly node: string; readonly pod: PodOnNode }
  | { readonly kind: "left"; readonly node: string; readonly pod: PodOnNode }
  | { readonly kind: "changed"; readonly node: string; readonly pod: PodOnNode; readonly before: PodOnNode };

export class NodeContents {
  readonly #nodes = new Map<string, Map<string, PodOnNode>>();
  readonly #listeners: ((event: ContentsEvent) => void)[] = [];

  constructor(store: ObjectStore) {
    store.subscribe((change) => {
      if (change.resource === "pods") this.#podChanged(change);
    });
  }

  listen(listener: (event: ContentsEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Pods bound to the node that have not finished, proxies included. */
  podsOn(node: string): Iterable<PodOnNode> {
    return this.#nodes.get(node)?.values() ?? [];
  }

  nodeNames(): Iterable<string> {
    return this.#nodes.keys();
  }

  #podChanged({ type, object }: Change): void {
    const node = nodeNameOf(object);
    if (node === undefined) return;
    const pods = this.#nodes.get(node) ?? new Map<string, PodOnNode>();
    this.#nodes.set(node, pods);
    const { uid } = object.metadata;
    const before = pods.get(uid);
    if (type === "DELETED" || isFinished(object)) {
      pods.delete(uid);
      if (before !== undefined) this.#tell({ kind: "left", node, pod: before });
      return;
    }
    const pod = podOnNode(object);
    pods.set(uid, pod);
    this.#tell(before === undefined ? { kind: "bound", node, pod } : { kind: "changed", node, pod, before });
  }

  #tell(event: ContentsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function podOnNode(object: KubeObject): PodOnNode {
  const { uid, namespace = "default", labels = {} } = object.metadata;
  const isProxy = PROXY_LABEL in labels;
  return {
    uid,
    app: isProxy ? undefined : meshAppOf(namespace, labels),
    isProxy,
    request: specRequest(object),
    object,
  };
}

interface PodSpec {
  readonly nodeName?: string;
  readonly containers: readonly { readonly resources?: { readonly requests?: Record<string, string> } }[];
}

// The sum of the containers: the replayed pods have no init containers and no overhead.
function specRequest({ spec }: KubeObject): Resources {
  let cpuMilli = 0;
  let memoryBytes = 0;
  for (const { resources } of (spec as unknown as PodSpec).containers) {
    cpuMilli += parseCpuMilli(resources?.requests?.["cpu"] ?? "0");
    memoryBytes += parseMemoryBytes(resources?.requests?.["memory"] ?? "0");
  }
  return { cpuMilli, memoryBytes };
}

function nodeNameOf({ spec }: KubeObject): string | undefined {
  const name = (spec as unknown as PodSpec | undefined)?.nodeName;
  return name === undefined || name === "" ? undefined : name;
}

function isFinished({ status }: KubeObject): boolean {
  const phase = status?.["phase"];
  return phase === "Succeeded" || phase === "Failed";
}
