// How a changed configuration reaches the nodes that host an app: one node first, then more in an order of their names'
// hashes. So the whole state is one name and one number, however many nodes there are, and each node knows by itself
// whether it is its turn.
//   has the target(n)  ⇔  n is the first node, or place(n) < reach

import type { AppName, NodeName } from "./brand.ts";
import { textHash } from "./text-hash.ts";

/** One configuration of an app's instances, by the generation of the profile that brought it. */
export interface ReleaseVersion {
  readonly version: number;
  /** The part of the spec that instances act upon, as JSON with its keys in order: equal texts are equal configurations. */
  readonly config: string;
}

export const RELEASE_PHASES = ["Settled", "RollingOut", "Paused", "Halted"] as const;
export type ReleasePhase = (typeof RELEASE_PHASES)[number];

export interface Release {
  readonly phase: ReleasePhase;
  /** What every node has that it is not said otherwise of: the last version that proved good. */
  readonly settled: ReleaseVersion;
  /** What is rolled out, or was and is not any more; absent once it is what all have. */
  readonly target?: ReleaseVersion;
  readonly firstNode?: NodeName | undefined;
  /** How many nodes have been the first: one that loses the app before it is judged leaves its place to another. */
  readonly firstNodesTried: number;
  /** From 0, nobody but the first node, to REACH_MAX, everybody. */
  readonly reach: number;
  /** Settled before, the newest first, to go back to. */
  readonly previous: readonly ReleaseVersion[];
  /** Why it stands where it does: one word, and a sentence. */
  readonly reason: string;
  readonly message: string;
  readonly nodes: ReleaseNodes;
  /** What the nodes that were asked last said they have, the oldest version first. */
  readonly inUse: readonly VersionInUse[];
}

export interface VersionInUse {
  readonly version: number;
  readonly nodes: number;
}

/** Nodes that host the app. */
export interface ReleaseNodes {
  readonly total: number;
  /** Whose turn has come; all of them once it has settled. */
  readonly updated: number;
  /** Of those, the ones that were judged and found good. */
  readonly proven: number;
}

export const REACH_MAX = 2 ** 32;
/** Each is as large as a profile may be, and all of them travel to every node. */
export const PREVIOUS_MAX = 3;

/** True if it is the node's turn. */
export function hasTarget(release: Release, app: AppName, node: NodeName): boolean {
  const { target, firstNode, reach } = release;
  if (target === undefined) return false;
  return node === firstNode || placeInOrder(app, target.version, node) < reach;
}

/** The configuration that the node is to have. */
export function assignedVersion(release: Release, app: AppName, node: NodeName): ReleaseVersion {
  const { target, settled } = release;
  return target !== undefined && hasTarget(release, app, node) ? target : settled;
}

/** Those whose turn comes first, first. */
export function nodesInTurn(app: AppName, version: number, nodes: readonly NodeName[]): readonly NodeName[] {
  return nodes
    .map((node) => ({ node, place: placeInOrder(app, version, node) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ node }) => node);
}

/** Below REACH_MAX; another order for each app and version, so that no node is always among the first. */
export function placeInOrder(app: AppName, version: number, node: NodeName): number {
  // The finalizer of MurmurHash3, without which names that differ in their last letter stay together.
  let hash = textHash(`${app} ${version} ${node}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
