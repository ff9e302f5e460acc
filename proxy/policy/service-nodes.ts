// The nodes that a Service is reached by, as one instance needs them: at most so many, its own node and zone among them.

import type { AppName } from "#model/brand.ts";
import type { EntryState, NodeEntry, NodeSlice } from "#model/node-slice.ts";
import { textHash } from "#model/text-hash.ts";

/** One Service, as an instance is told of it. */
export interface ServiceNodes {
  /** Whose Service it is. */
  readonly app: AppName;
  readonly inboundPort: number;
  /** Others of the Service's ports do not lead to the app. */
  readonly servicePorts: readonly number[];
  readonly nodes: readonly ServiceNode[];
}

export interface ServiceNode {
  readonly address: string;
  readonly state: Exclude<EntryState, "unready">;
  readonly place: "ownNode" | "ownZone" | "elsewhere";
}

export interface OwnPlace {
  readonly nodeAddress: string;
  /** Empty where it is not known: then no zone is preferred. */
  readonly zone: string;
}

/**
 * Two are drawn of these per request: more of them would hardly spread the load better, and cost every instance that
 * calls the Service a copy with each change.
 */
const NODES_MAX = 256;

/** @returns undefined if no slice has an entry that serves: the Service is then reached directly. */
export function serviceNodes(
  slices: Iterable<NodeSlice>,
  own: OwnPlace,
  nodesMax = NODES_MAX,
): ServiceNodes | undefined {
  let head: NodeSlice | undefined;
  const byAddress = new Map<string, ServiceNode>();
  for (const slice of slices) {
    head ??= slice;
    for (const entry of slice.entries) {
      const { address, state } = entry;
      if (state === "unready" || byAddress.has(address)) continue;
      byAddress.set(address, { address, state, place: placeOf(entry, own) });
    }
  }
  const all = [...byAddress.values()];
  if (head === undefined || all.length === 0) return undefined;
  const nodes = all.length <= nodesMax ? all : mostUseful(all, own, nodesMax);
  return { app: head.app, inboundPort: head.inboundPort, servicePorts: head.servicePorts, nodes };
}

function placeOf({ address, zone }: NodeEntry, own: OwnPlace): ServiceNode["place"] {
  if (address === own.nodeAddress) return "ownNode";
  return zone !== "" && zone === own.zone ? "ownZone" : "elsewhere";
}

const USE = { ownNode: 0, ownZone: 1, elsewhere: 2 } as const;

/** Every node's proxy leaves out others, and always the same ones: connections are kept, and none is left out by all. */
function mostUseful(
  nodes: readonly ServiceNode[],
  { nodeAddress }: OwnPlace,
  nodesMax: number,
): readonly ServiceNode[] {
  const ranked = nodes.map((node) => ({ node, hash: textHash(`${nodeAddress} ${node.address}`) }));
  ranked.sort(
    (one, other) =>
      Number(one.node.state !== "ready") - Number(other.node.state !== "ready") ||
      USE[one.node.place] - USE[other.node.place] ||
      one.hash - other.hash,
  );
  return ranked.slice(0, nodesMax).map(({ node }) => node);
}
