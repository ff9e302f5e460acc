// The extender protocol's JSON (k8s.io/kube-scheduler/extender/v1): PascalCase envelopes around camelCase core/v1
// objects, in two forms. With nodeCacheCapable nodes come as names, without as whole objects, and the reply answers in
// the form of the question. Decoded by hand: it runs for every pod of the cluster over up to 5,000 names.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { REJECTIONS } from "#model/verdict.ts";
import { DecodeError, decodePod } from "#kube/decode-pod.ts";
import type { FilterResult } from "../policy/verbs.ts";

export interface ExtenderArgs {
  readonly pod: PodView;
  readonly nodes: readonly NodeName[];
  /** The objects themselves, by name, if the question came with objects. */
  readonly objects: ReadonlyMap<NodeName, unknown> | undefined;
}

/**
 * @throws DecodeError that says which key is missing or wrong.
 */
export function decodeExtenderArgs(body: unknown): ExtenderArgs {
  if (typeof body !== "object" || body === null)
    throw new DecodeError("the body must be an ExtenderArgs object");
  const { Pod, NodeNames, Nodes } = body as {
    Pod?: unknown;
    NodeNames?: unknown;
    Nodes?: { items?: unknown } | null;
  };
  if (typeof Pod !== "object" || Pod === null) throw new DecodeError("Pod: a pod object is missing");
  const pod = decodePod(Pod);
  if (Array.isArray(NodeNames)) return { pod, nodes: decodeNames(NodeNames), objects: undefined };
  if (!Array.isArray(Nodes?.items))
    throw new DecodeError("one of NodeNames and Nodes.items must be an array");
  const objects = new Map(Nodes.items.map((item) => [nameOf(item), item as unknown]));
  return { pod, nodes: [...objects.keys()], objects };
}

export interface ExtenderFilterReply {
  readonly Nodes: { readonly items: readonly unknown[] } | null;
  readonly NodeNames: readonly NodeName[] | null;
  readonly FailedNodes: Readonly<Record<string, string>>;
  readonly FailedAndUnresolvableNodes: Readonly<Record<string, string>>;
  readonly Error: string;
}

/** Every node that did not pass is in exactly one of the two maps: absent ones would count as unresolvable. */
export function encodeFilterReply(
  args: ExtenderArgs,
  { passed, rejected }: Pick<FilterResult, "passed" | "rejected">,
): ExtenderFilterReply {
  const failed: Record<string, string> = {};
  const unresolvable: Record<string, string> = {};
  for (const [name, rejection] of rejected) {
    const { message, isResolvable } = REJECTIONS[rejection];
    (isResolvable ? failed : unresolvable)[name] = message;
  }
  return {
    Nodes: args.objects === undefined ? null : { items: passed.map((name) => args.objects?.get(name)) },
    NodeNames: args.objects === undefined ? passed : null,
    FailedNodes: failed,
    FailedAndUnresolvableNodes: unresolvable,
    Error: "",
  };
}

export interface HostPriority {
  readonly Host: NodeName;
  /** An integer from 0 to 10: kube-scheduler neither accepts 7.0 nor clamps 100. */
  readonly Score: number;
}

function decodeNames(names: readonly unknown[]): readonly NodeName[] {
  for (const name of names)
    if (typeof name !== "string") throw new DecodeError("NodeNames: every entry is a string");
  return names as readonly NodeName[];
}

function nameOf(item: unknown): NodeName {
  const name = (item as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  if (typeof name !== "string") throw new DecodeError("Nodes.items: every node has metadata.name");
  return name as NodeName;
}
