// From the entries that a Service should have to the fewest writes: entries keep their places, a slice is written only if
// something in it changed, and newcomers go into slices that are written anyway, then into the fullest with room. A node
// is not announced before a pod on it can serve; once announced it stays until the app has left it, since a condition
// costs the watchers no more than a removal, and its return costs no second place. As in Kubernetes' own controller
// (k8s.io/endpointslice/reconciler.go), slices that have become sparse are filled up and not merged.

import type { NodeName } from "#model/brand.ts";
import type { AddressFamily, NodeEntry, NodeSlice } from "#model/node-slice.ts";

/** Kubernetes' default, and a tenth of its bound: each change sends one whole slice to every node. */
const ENTRIES_PER_SLICE_MAX = 100;

export type SliceHead = Omit<NodeSlice, "name" | "family" | "entries">;

export interface DesiredSlices {
  readonly head: SliceHead;
  readonly entries: readonly DesiredEntry[];
}

export interface DesiredEntry {
  readonly entry: NodeEntry;
  readonly family: AddressFamily;
  /** Whether the entry is added where it is not there yet. */
  readonly isDue: boolean;
}

/** A slice as the API server has it. */
export interface StoredSlice {
  readonly slice: NodeSlice;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type SliceChange =
  | { readonly kind: "create"; readonly slice: Omit<NodeSlice, "name"> }
  | { readonly kind: "update"; readonly slice: NodeSlice; readonly stored: StoredSlice }
  | { readonly kind: "delete"; readonly stored: StoredSlice };

/** @param desired undefined where there should be no slices at all. */
export function sliceChanges(
  desired: DesiredSlices | undefined,
  stored: readonly StoredSlice[],
  entriesMax = ENTRIES_PER_SLICE_MAX,
): readonly SliceChange[] {
  if (desired === undefined) return stored.map((slice) => ({ kind: "delete", stored: slice }));
  const inOrder = stored.toSorted((one, other) => (one.slice.name < other.slice.name ? -1 : 1));
  return (["IPv4", "IPv6"] as const).flatMap((family) =>
    changesOfFamily({ head: desired.head, family, entriesMax }, desired.entries, inOrder),
  );
}

interface FamilyPlan {
  readonly head: SliceHead;
  readonly family: AddressFamily;
  readonly entriesMax: number;
}

function changesOfFamily(
  { head, family, entriesMax }: FamilyPlan,
  entries: readonly DesiredEntry[],
  stored: readonly StoredSlice[],
): readonly SliceChange[] {
  const wanted = new Map<NodeName, DesiredEntry>();
  for (const desired of entries) if (desired.family === family) wanted.set(desired.entry.node, desired);
  const drafts = stored
    .filter(({ slice }) => slice.family === family)
    .map((slice) => keptEntries(slice, { wanted, head }));
  // What is left in `wanted` has no place yet.
  const newcomers = [...wanted.values()].filter(({ isDue }) => isDue).map(({ entry }) => entry);
  fill(drafts, { newcomers, entriesMax });
  const changes: SliceChange[] = [];
  for (const { stored: before, entries: after, isChanged } of drafts) {
    if (after.length === 0) changes.push({ kind: "delete", stored: before });
    else if (isChanged) {
      const slice = { ...head, family, name: before.slice.name, entries: after };
      changes.push({ kind: "update", slice, stored: before });
    }
  }
  for (let start = 0; start < newcomers.length; start += entriesMax) {
    const slice = { ...head, family, entries: newcomers.slice(start, start + entriesMax) };
    changes.push({ kind: "create", slice });
  }
  return changes;
}

interface Draft {
  readonly stored: StoredSlice;
  readonly entries: NodeEntry[];
  isChanged: boolean;
}

/** Takes what it finds a place for out of `wanted`. */
function keptEntries(
  stored: StoredSlice,
  { wanted, head }: { readonly wanted: Map<NodeName, DesiredEntry>; readonly head: SliceHead },
): Draft {
  const draft: Draft = { stored, entries: [], isChanged: !hasHead(stored.slice, head) };
  for (const entry of stored.slice.entries) {
    const now = wanted.get(entry.node)?.entry;
    if (now === undefined || now.address !== entry.address) {
      draft.isChanged = true;
      continue;
    }
    wanted.delete(entry.node);
    draft.entries.push(now);
    if (now.state !== entry.state || now.zone !== entry.zone) draft.isChanged = true;
  }
  return draft;
}

/** Takes what it finds room for out of `newcomers`. */
function fill(
  drafts: readonly Draft[],
  { newcomers, entriesMax }: { readonly newcomers: NodeEntry[]; readonly entriesMax: number },
): void {
  const byPreference = drafts.toSorted(
    (one, other) =>
      Number(other.isChanged) - Number(one.isChanged) || other.entries.length - one.entries.length,
  );
  for (const draft of byPreference) {
    const taken = newcomers.splice(0, Math.max(0, entriesMax - draft.entries.length));
    if (taken.length === 0) continue;
    draft.entries.push(...taken);
    draft.isChanged = true;
  }
}

function hasHead(slice: NodeSlice, head: SliceHead): boolean {
  return (
    slice.app === head.app &&
    slice.serviceUid === head.serviceUid &&
    slice.inboundPort === head.inboundPort &&
    String(slice.servicePorts) === String(head.servicePorts) &&
    String(slice.clusterIps) === String(head.clusterIps)
  );
}
