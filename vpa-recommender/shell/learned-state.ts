// What was learned, as entries that outlive a restart: one for each node, each app, and each DaemonSet of its own model.
// An entry is read by the schema of its kind; one that does not fit is refused alone.

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import type { SavedDaemonNode } from "../policy/daemon-model.ts";
import type { SavedLearner } from "../policy/instance-learner.ts";
import type { SavedNode } from "../policy/sizing-model.ts";
import type { SavedTotals } from "../policy/totals-learner.ts";

/** Version of the entries' shapes: raised when an older recommender could not read them. */
export const STATE_VERSION = 1;

/** By key: what was learned, and when its last reading was taken. */
export interface StateEntry {
  readonly lastMs: number;
  readonly state: unknown;
}

export type StateEntries = ReadonlyMap<string, StateEntry>;

const HOUR_MS = 3_600_000;
/** What a node needs is forgotten by halves every day, and autoscaled nodes come under ever new names. */
const NODE_KEPT_MS = 48 * HOUR_MS;
/** Costs are forgotten by halves every three days: after two weeks little is left. */
const APP_KEPT_MS = 14 * 24 * HOUR_MS;

export const nodeKey = (node: string): string => `node/${node}`;
/** Of all apps together, from nodes' totals. */
export const TOTALS_KEY = "totals";
export const appKey = (app: string): string => `app/${app}`;
/** @param autoscaler namespace and name. */
export const daemonKey = (autoscaler: string): string => `daemon/${autoscaler}`;
export const daemonNodeKey = (autoscaler: string, node: string): string =>
  `daemon-node/${autoscaler}/${node}`;

/** What is so old that it says nothing any more is not kept, whoever it was of. */
export function isKept(key: string, { lastMs }: Pick<StateEntry, "lastMs">, nowMs: number): boolean {
  const isOfNode = key.startsWith("node/") || key.startsWith("daemon-node/");
  return nowMs - lastMs < (isOfNode ? NODE_KEPT_MS : APP_KEPT_MS);
}

// Unknown keys are refused: they were written by somebody else.
const amount = z.number().nonnegative();
const histogram = z.strictObject({
  referenceMs: z.number(),
  bucketWeights: z.record(z.string(), amount),
  totalWeight: amount,
});
const shares = z.strictObject({
  recent: z.array(z.tuple([amount, amount])),
  histogram,
  day: z.strictObject({
    means: z.array(amount.nullable()),
    slot: z.int(),
    sum: amount,
    count: amount,
  }),
  level: z.strictObject({ mean: amount, variance: amount }).optional(),
});
const demand = z.strictObject({ cpu: shares, memory: shares, samples: z.int().nonnegative() });
const resources = z.strictObject({ cpuMilli: amount, memoryBytes: amount });
const peak = z.strictObject({ day: z.int(), today: resources, yesterday: resources });
const fit = z.strictObject({
  sums: z.strictObject({
    gram: z.array(z.tuple([z.int(), z.int(), z.number()])),
    moment: z.array(z.number()),
    weight: amount,
  }),
  noise: amount,
  heldBackWeight: amount,
});
const app = z.string().transform((name) => name as AppName);

const savedNode = z.strictObject({
  demand,
  peaks: z.strictObject({ apps: z.array(z.tuple([app, peak])), sum: peak }).optional(),
  lastMs: amount,
});
const savedApp = z.strictObject({
  cpu: fit,
  memory: fit,
  load: z.tuple([amount, amount, amount, amount]),
  samples: z.int().nonnegative(),
  lastMs: amount,
});
const savedTotals = z.strictObject({
  cpu: fit,
  memory: fit,
  places: z.array(z.tuple([z.string(), z.int(), amount])),
  readings: z.int().nonnegative(),
  lastMs: amount,
});
const savedDaemonNode = z.strictObject({
  demand,
  lastMs: amount,
  workloads: z.array(z.tuple([z.string(), z.int().positive()])),
});

/** Each is undefined for what is none. */
export const decodeNode = (state: unknown): SavedNode | undefined => savedNode.safeParse(state).data;
export const decodeApp = (state: unknown): SavedLearner | undefined => savedApp.safeParse(state).data;
export const decodeTotals = (state: unknown): SavedTotals | undefined => savedTotals.safeParse(state).data;
export const decodeDaemonNode = (state: unknown): SavedDaemonNode | undefined =>
  savedDaemonNode.safeParse(state).data;
