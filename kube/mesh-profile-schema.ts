// berth.dev/v1alpha1 MeshProfile: the shape the API server stores, and its way into the model. Named after the app.

import { z } from "zod";
import { appName } from "#model/app.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile, type Quota } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes, QuantityError } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { DecodeError } from "./decode-pod.ts";

const cpuQuantity = quantity(parseCpuMilli, "CPU, such as 250m or 1.5");
const memoryQuantity = quantity(parseMemoryBytes, "memory, such as 200Mi");

const resources = z.strictObject({ cpu: cpuQuantity.optional(), memory: memoryQuantity.optional() });
const port = z.int().min(1).max(65_535);

const costSchema = z.strictObject({
  base: resources.optional().describe("A bare instance: paid once per node that hosts the app."),
  perPod: resources.optional(),
  perConnection: resources.optional(),
  perKiloRps: resources.optional().describe("Per thousand requests per second."),
  connectionsPerPod: z.number().nonnegative().optional().describe("Planned open connections of one pod."),
  requestsPerSecondPerPod: z
    .number()
    .nonnegative()
    .optional()
    .describe("Planned requests per second of one pod."),
});

const quotaSchema = z.strictObject({
  cpu: cpuQuantity.optional(),
  memory: memoryQuantity.optional(),
  connections: z.int().positive().optional(),
  requestsPerSecond: z.number().positive().optional(),
  burst: z.int().positive().optional(),
  concurrency: z.int().positive().optional(),
});

export const meshProfileSpecSchema = z.strictObject({
  cost: costSchema.optional(),
  quota: quotaSchema.optional(),
  placement: z.strictObject({ maxPodsPerNode: z.int().positive().optional() }).optional(),
});

export const meshProfileStatusSchema = z.strictObject({
  ports: z.strictObject({ inbound: port, outbound: port }).optional(),
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
    cpuMilli: quota.cpu === undefined ? undefined : parseCpuMilli(quota.cpu),
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

function quantity(parse: (text: string) => number, what: string): z.ZodType<string> {
  return z.string().refine(
    (text) => {
      try {
        return parse(text) >= 0;
      } catch (error) {
        if (error instanceof QuantityError) return false;
        throw error;
      }
    },
    { error: `must be a quantity of ${what}` },
  );
}
