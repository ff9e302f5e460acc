// What is to be packed, counted together: pods of one app and one size are alike, and nodes of one shape are.

import type { AppName } from "#model/brand.ts";
import { unitCost } from "#model/mesh-cost.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";

export interface PackingNeed {
  readonly apps: readonly AppNeed[];
  readonly shapes: readonly NodeShape[];
}

export interface AppNeed {
  /** Paid on each node that the app is on; nothing where each pod carries its own mesh. */
  readonly base: Resources;
  readonly podsPerNodeMax: number;
  /** Of different sizes. */
  readonly kinds: readonly PodKind[];
}

export interface PodKind {
  /** What the pod takes itself, and makes the proxy grow by beside the base. */
  readonly size: Resources;
  readonly pods: number;
}

export interface NodeShape {
  /** Beside the proxy's own base. */
  readonly free: Resources;
  /** Pods beside the proxy. */
  readonly slots: number;
  /** Infinity where there are as many as it takes. */
  readonly count: number;
}

export interface PackedPod {
  readonly app: AppName;
  readonly request: Resources;
}

/** Pods with a sidecar each, already in their requests: they come without profiles. */
export function sidecarApps(pods: readonly PackedPod[]): readonly AppNeed[] {
  return [{ base: noResources, podsPerNodeMax: Infinity, kinds: kindsOf(pods, noResources) }];
}

export function proxiedApps(
  pods: readonly PackedPod[],
  profiles: { get(app: AppName): MeshProfile },
): readonly AppNeed[] {
  return [...Map.groupBy(pods, ({ app }) => app)].map(([app, ofApp]) => {
    const { cost, placement } = profiles.get(app);
    const { base, perPod } = unitCost(cost);
    return {
      base,
      podsPerNodeMax: placement.maxPodsPerNode ?? Infinity,
      kinds: kindsOf(ofApp, perPod),
    };
  });
}

/** Nodes of the same size are one shape. */
export function shapesOf(nodes: readonly Omit<NodeShape, "count">[]): readonly NodeShape[] {
  const key = ({ free, slots }: Omit<NodeShape, "count">): string =>
    `${free.cpuMilli}/${free.memoryBytes}/${slots}`;
  return [...Map.groupBy(nodes, key).values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : [{ free: first.free, slots: first.slots, count: alike.length }];
  });
}

function kindsOf(pods: readonly PackedPod[], perPod: Resources): readonly PodKind[] {
  const kinds = new Map<string, { readonly size: Resources; pods: number }>();
  for (const { request } of pods) {
    const key = `${request.cpuMilli}/${request.memoryBytes}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { size: addResources(request, perPod), pods: 1 });
    else known.pods++;
  }
  return [...kinds.values()];
}
