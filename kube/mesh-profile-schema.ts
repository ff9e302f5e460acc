// berth.dev/v1alpha1 MeshProfile: the shape the API server stores, and its way into the model. Named after the app.

import { z } from "zod";
import { appName } from "#model/app.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile, type Quota } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { DecodeError } from "./decode-pod.ts";

const resources = z.strictObject({
  cpu: cpuQuantity.optional().describe("Quantity, such as 250m."),
  memory: memoryQuantity.optional().describe("Quantity, such as 200Mi."),
});
const port = z.int().min(1).max(65_535);

const costSchema = z.strictObject({
  base: resources.optional().describe("A bare instance: paid once per node that hosts the app."),
  perPod: resources.optional().describe("Each pod of the app on the node."),
  perConnection: resources.optional().describe("Each open connection."),
  perKiloRps: resources.optional().describe("Per thousand requests per second."),
  connectionsPerPod: z.number().nonnegative().optional().describe("Planned open connections of one pod."),
  requestsPerSecondPerPod: z
    .number()
    .nonnegative()
    .optional()
    .describe("Planned requests per second of one pod."),
});

const quotaSchema = z.strictObject({
  memory: memoryQuantity.optional().describe("Memory of the instance; bounds its heap from its next start."),
  connections: z.int().positive().optional().describe("Open client connections; more are closed at once."),
  requestsPerSecond: z.number().positive().optional().describe("Steady rate, both directions; more get 429."),
  burst: z
    .int()
    .positive()
    .optional()
    .describe("Requests at once above the rate; default: one second's worth."),
  concurrency: z.int().positive().optional().describe("Requests in progress, both directions; more get 503."),
});

export const meshProfileSpecSchema = z.strictObject({
  cost: costSchema.optional(),
  quota: quotaSchema.optional(),
  placement: z
    .strictObject({
      maxPodsPerNode: z
        .int()
        .positive()
        .optional()
        .describe("Pods of the app on one node; more are placed elsewhere."),
    })
    .optional(),
});

export const meshProfileStatusSchema = z.strictObject({
  ports: z
    .strictObject({
      inbound: port.describe("Where every node that hosts the app takes requests to it."),
      outbound: port.describe("Where every node's proxy takes its pods' requests."),
    })
    .optional()
    .describe("Allocated by the extender's leader, the same on every node."),
});

const meshProfileSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: meshProfileSpecSchema.optional(),
  status: meshProfileStatusSchema.optional(),
});

/**
 * Reads a MeshProfile; what its spec leaves out is as in the default profile.
 *
 * @throws DecodeError with the path of every field that is wrong or unknown.
 */
export function decodeMeshProfile(raw: unknown): MeshProfile {
  const parsed = meshProfileSchema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`MeshProfile ${nameOf(raw)}: ${z.prettifyError(parsed.error)}`);
  const { metadata, spec, status } = parsed.data;
  return {
    app: appName(metadata.namespace, metadata.name),
    cost: decodeCost(spec?.cost ?? {}),
    quota: decodeQuota(spec?.quota ?? {}),
    placement: defined({ maxPodsPerNode: spec?.placement?.maxPodsPerNode }),
    ports: status?.ports,
  };
}

// For the error, so it takes what it finds.
function nameOf(raw: unknown): string {
  const { metadata } = (raw ?? {}) as {
    readonly metadata?: { readonly namespace?: unknown; readonly name?: unknown };
  };
  return `${String(metadata?.namespace)}/${String(metadata?.name)}`;
}

function decodeCost(cost: z.infer<typeof costSchema>): AppCost {
  const fallback = DEFAULT_APP_COST;
  return {
    base: decodeResources(cost.base, fallback.base),
    perPod: decodeResources(cost.perPod, fallback.perPod),
    perConnection: decodeResources(cost.perConnection, fallback.perConnection),
    perKiloRps: decodeResources(cost.perKiloRps, fallback.perKiloRps),
    connectionsPerPod: cost.connectionsPerPod ?? fallback.connectionsPerPod,
    kiloRpsPerPod:
      cost.requestsPerSecondPerPod === undefined
        ? fallback.kiloRpsPerPod
        : cost.requestsPerSecondPerPod / 1000,
  };
}

function decodeResources(given: z.infer<typeof resources> | undefined, fallback: Resources): Resources {
  return {
    cpuMilli: given?.cpu === undefined ? fallback.cpuMilli : parseCpuMilli(given.cpu),
    memoryBytes: given?.memory === undefined ? fallback.memoryBytes : parseMemoryBytes(given.memory),
  };
}

function decodeQuota(quota: z.infer<typeof quotaSchema>): Quota {
  return defined({
    memoryBytes: quota.memory === undefined ? undefined : parseMemoryBytes(quota.memory),
    connections: quota.connections,
    requestsPerSecond: quota.requestsPerSecond,
    burst: quota.burst,
    concurrency: quota.concurrency,
  });
}

// exactOptionalPropertyTypes: an absent limit is an absent key.
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
