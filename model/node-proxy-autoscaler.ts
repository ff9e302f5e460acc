// How one DaemonSet's pods are to be sized, node by node.

import type { AppName } from "./brand.ts";
import type { Resources } from "./resources.ts";

/**
 * Off: recommended and not resized. Initial: sized once, when it is new, and left alone after that. InPlace: followed up
 * and down as its node's load does.
 */
export type UpdateMode = "Off" | "Initial" | "InPlace";

export interface NodeProxyAutoscaler {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number | undefined;
  /** The DaemonSet's name, in the same namespace. */
  readonly target: string;
  readonly updateMode: UpdateMode;
  /** The container that is sized; by default the one named proxy, else the first. */
  readonly container: string | undefined;
  readonly min: Partial<Resources>;
  readonly max: Partial<Resources>;
  readonly headroom: {
    readonly ratio?: number;
    readonly cpuMilli?: number;
    readonly memoryBytes?: number;
  };
  readonly shrinkDelayMs: number | undefined;
  readonly headroomDelayMs: number | undefined;
  /** The platform's bounds of single apps on such a pod. */
  readonly caps: ReadonlyMap<AppName, Partial<Resources>>;
}
