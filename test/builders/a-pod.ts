// A mesh pod of shop/cart that waits for a node, unless said otherwise.

import { appName } from "#model/app.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { PodTraits, PodView } from "#model/cluster-view.ts";
import type { PlacingView } from "#model/placing-view.ts";
import { MIB } from "./sizes.ts";

interface PodOverrides {
  readonly name?: string;
  readonly namespace?: string;
  /** By default made from the name, so that pods with different names are different pods. */
  readonly uid?: string;
  /** An app's name, in the pod's namespace unless it has its own; null for a pod outside the mesh. */
  readonly app?: string | null;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
  /** Null until the pod is bound. */
  readonly node?: string | null;
  readonly isFinished?: boolean;
  readonly owner?: string | null;
  readonly nominatedNode?: string | undefined;
  readonly priority?: number;
  readonly startedAtMs?: number | undefined;
  readonly isTerminating?: boolean;
  readonly isPreempted?: boolean;
  readonly isReady?: boolean;
  readonly traits?: PodTraits;
  /** Held by Berth's gate, or nominated by Berth. */
  readonly placing?: Partial<PlacingView>;
  /** Uid of the pod that this one is the headroom of. */
  readonly headroomFor?: PodUid;
}

export function aPod(overrides: PodOverrides = {}): PodView {
  const { name = "cart-1", namespace = "shop", app = "cart", node = null, owner = null } = overrides;
  return {
    uid: (overrides.uid ?? `uid-of-${name}`) as PodUid,
    namespace,
    name,
    app: app === null ? undefined : anApp(app, namespace),
    request: { cpuMilli: overrides.cpuMilli ?? 100, memoryBytes: overrides.memoryBytes ?? 128 * MIB },
    nodeName: node === null ? undefined : (node as NodeName),
    isFinished: overrides.isFinished ?? false,
    ownerUid: owner ?? undefined,
    proxy: undefined,
    nominatedNode: overrides.nominatedNode as NodeName | undefined,
    priority: overrides.priority ?? 0,
    startedAtMs: overrides.startedAtMs,
    isTerminating: overrides.isTerminating ?? overrides.isPreempted ?? false,
    isPreempted: overrides.isPreempted ?? false,
    ...(overrides.isReady !== undefined && { isReady: overrides.isReady }),
    ...(overrides.traits !== undefined && { traits: overrides.traits }),
    ...(overrides.headroomFor !== undefined && { headroomFor: overrides.headroomFor }),
    ...(overrides.placing !== undefined && { placing: { ...GATED, ...overrides.placing } }),
  };
}

/** By Berth's gate alone, and free to go anywhere. */
const GATED: PlacingView = {
  resourceVersion: "1",
  createdAtMs: undefined,
  gateIndex: 0,
  isHeldByOthers: false,
  chosenNode: undefined,
  wishes: { tolerations: [] },
  unjudged: undefined,
  mayPreempt: true,
};

/** `cart` is the app `shop/cart`; a name with a namespace stays as it is. */
export function anApp(name: string, namespace = "shop"): AppName {
  return name.includes("/") ? (name as AppName) : appName(namespace, name);
}
