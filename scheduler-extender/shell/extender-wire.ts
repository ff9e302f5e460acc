// The extender protocol's JSON (k8s.io/kube-scheduler/extender/v1): PascalCase envelopes around camelCase core/v1
// objects, in two forms. With nodeCacheCapable nodes come as names, without as whole objects, and the reply answers in
// the form of the question. It runs for every pod of the cluster over up to 5,000 names: those are read from the bytes
// by hand where they stand as Go writes them, at the end, and go back as they came if all of them pass.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { REJECTIONS } from "#model/verdict.ts";
import { DecodeError, decodePod } from "#kube/decode-pod.ts";
import type { FilterResult } from "../policy/verbs.ts";
import type { NodeNameTable } from "./node-name-table.ts";

export interface ExtenderArgs {
  readonly pod: PodView;
  readonly nodes: readonly NodeName[];
  /** The objects themselves, by name, if the question came with objects. */
  readonly objects: ReadonlyMap<NodeName, unknown> | undefined;
  /** The names as they stand in the body, brackets included, if they are plain: nothing in them needs escaping. */
  readonly plainNames: Buffer | undefined;
}

/**
 * @throws DecodeError that says which key is missing or wrong, or that the body is no JSON.
 */
export function decodeExtenderArgs(body: Buffer, table: NodeNameTable): ExtenderArgs {
  const written = namesAtTheEnd(body, table);
  if (written === undefined) return { ...argsOf(parseBody(body.toString())), plainNames: undefined };
  const { before, nodes, plainNames } = written;
  // The rest is a whole object with another value in the names' place, and is judged as any JSON is.
  const { pod } = argsOf(parseBody(`${before}[]}`));
  return { pod, nodes, objects: undefined, plainNames };
}

/**
 * The body of a request as any JSON.
 *
 * @throws DecodeError with the parser's words.
 */
export function parseBody(text: string): unknown {
  if (text === "") throw new DecodeError("the body is empty");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DecodeError(`the body is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

const NAMES_KEY = Buffer.from('"NodeNames":[');
const CLOSING_BRACE = 0x7d;

interface WrittenNames {
  /** The body up to the opening bracket. */
  readonly before: string;
  readonly nodes: readonly NodeName[];
  readonly plainNames: Buffer;
}

// If the whole is JSON, the brace that ends it closes the outermost object, so that the key before it is one of that.
function namesAtTheEnd(body: Buffer, table: NodeNameTable): WrittenNames | undefined {
  const at = body.indexOf(NAMES_KEY);
  if (at < 0) return undefined;
  const from = at + NAMES_KEY.length;
  const read = table.read(body, from);
  if (read === undefined || read.end !== body.length - 1 || body[read.end] !== CLOSING_BRACE)
    return undefined;
  const before = body.toString("utf8", 0, from - 1);
  return { before, nodes: read.names, plainNames: body.subarray(from - 1, read.end) };
}

function argsOf(body: unknown): Omit<ExtenderArgs, "plainNames"> {
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

/**
 * The text of an ExtenderFilterResult. Every node that did not pass is in exactly one of the two maps of failures: absent
 * ones would count as unresolvable.
 */
export function encodeFilterReply(
  { nodes, objects, plainNames }: ExtenderArgs,
  { passed, rejected }: Pick<FilterResult, "passed" | "rejected">,
  table: NodeNameTable,
): Buffer {
  const failures = failuresOf(rejected, plainNames === undefined);
  if (objects !== undefined) {
    const items = JSON.stringify(passed.map((name) => objects.get(name)));
    return Buffer.from(`{"Nodes":{"items":${items}},"NodeNames":null,${failures}`);
  }
  if (plainNames === undefined) {
    return Buffer.from(`${NAMES_ONLY.toString()}${JSON.stringify(passed)},${failures}`);
  }
  const list = passed.length === nodes.length ? plainNames : Buffer.from(plainList(passed));
  table.answered(list, passed);
  return Buffer.concat([NAMES_ONLY, list, Buffer.from(`,${failures}`)]);
}

const NAMES_ONLY = Buffer.from('{"Nodes":null,"NodeNames":');

function plainList(names: readonly NodeName[]): string {
  return names.length === 0 ? "[]" : `["${names.join('","')}"]`;
}

function failuresOf(rejected: FilterResult["rejected"], mustEscape: boolean): string {
  const failed: string[] = [];
  const unresolvable: string[] = [];
  for (const [name, rejection] of rejected) {
    const { message, isResolvable } = REJECTIONS[rejection];
    const key = mustEscape ? JSON.stringify(name) : `"${name}"`;
    (isResolvable ? failed : unresolvable).push(`${key}:${JSON.stringify(message)}`);
  }
  return `"FailedNodes":{${failed.join()}},"FailedAndUnresolvableNodes":{${unresolvable.join()}},"Error":""}`;
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
