// What a node asks of the pods it takes, beside room for their CPU and memory.

import type { Labels } from "./app.ts";
import type { Taint } from "./taints.ts";

export interface NodeTraits {
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** Cordoned. */
  readonly isUnschedulable: boolean;
  /** Pods of any kind that it takes at once. */
  readonly podsMax: number;
}
