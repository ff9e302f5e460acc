// berth.dev/v1alpha1 MeshProfile: the shape the API server stores, and its way into the model. Named after the app.

import { z } from "zod";
import { appName } from "#model/app.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile, type Quota } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { conditionsSchema } from "./condition.ts";
import { DecodeError } from "./decode-pod.ts";

/** The longest label value, and a profile is named after an app, which a label names. */
export const APP_NAME_LENGTH_MAX = 63;

/** The condition that says how an app's ports stand; written by the extender's leader. */
export const PORTS_ALLOCATED = "PortsAllocated";

// The JSON schema carries what the code checks here, so that the API server refuses at least what this refuses. Its
// pattern leaves out signs and exponents that no cost or quota needs, and its maxima are round numbers just below the
// 2^53 millicores or bytes that are counted exactly.
const QUANTITY_PATTERN = String.raw`^([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[1-3]?[0-9])?$`;
const QUANTITY_LENGTH_MAX = 64;

const resources = z.strictObject({
  cpu: atMost(cpuQuantity, "9T").optional().describe("Quantity, such as 250m."),
  memory: atMost(memoryQuantity, "9P").optional().describe("Quantity, such as 200Mi."),
});

// Far above what one node's proxy can hold or do, and exact in every number format on the way.
const COUNT_MAX = 2 ** 31 - 1;
const count = z.int().min(1).max(COUNT_MAX);
const traffic = z.number().nonnegative().max(COUNT_MAX);
const port = z.int().min(1).max(65_535);

const costSchema = z.strictObject({
  base: resources.optional().describe("A bare instance: paid once per node that hosts the app."),
  perPod: resources.optional().describe("Each pod of the app on the node."),
  perConnection: resources.optional().describe("Each open connection."),
  perKiloRps: resources.optional().describe("Per thousand requests per second."),
  connectionsPerPod: traffic.optional().describe("Planned open connections of one pod."),
  requestsPerSecondPerPod: traffic.optional().describe("Planned requests per second of one pod."),
});

const quotaSchema = withRule(
  z.strictObject({
    memory: atMost(memoryQuantity, "9P")
      .optional()
      .describe("Memory of the instance; bounds its heap from its next start."),
    connections: count.optional().describe("Open client connections; more are closed at once."),
    requestsPerSecond: z
      .number()
      .positive()
      .max(COUNT_MAX)
      .optional()
      .describe("Steady rate, both directions; more get 429."),
    burst: count.optional().describe("Requests at once above the rate; default: one second's worth."),
    concurrency: count.optional().describe("Requests in progress, both directions; more get 503."),
  }),
  {
    field: "burst",
    message: "burst needs requestsPerSecond, the rate that it is above",
    rule: "!has(self.burst) || has(self.requestsPerSecond)",
    holds: ({ burst, requestsPerSecond }) => burst === undefined || requestsPerSecond !== undefined,
  },
);

// Nothing of the status is refused for a key that is unknown here: a later version may have written it. The spec is
// people's, where an unknown key is a misspelt one.
const portsSchema = withRule(
  z.object({
    inbound: port.describe("Where every node that hosts the app takes requests to it."),
    outbound: port.describe("Where every node's proxy takes its pods' requests."),
  }),
  {
    field: "outbound",
    message: "outbound must not be the inbound port",
    rule: "self.inbound != self.outbound",
    holds: ({ inbound, outbound }) => inbound !== outbound,
  },
);

export const meshProfileSpecSchema = z
  .strictObject({
    cost: costSchema.optional().describe("What the app's mesh costs a node."),
    quota: quotaSchema
      .optional()
      .describe("Limits of the app's instance on each node; an absent limit is not enforced."),
    placement: z
      .strictObject({
        maxPodsPerNode: count.optional().describe("Pods of the app on one node; more are placed elsewhere."),
        maxPodsPerZone: count
          .optional()
          .describe(
            "Pods of the app in one zone, by the nodes' label topology.kubernetes.io/zone; more are placed elsewhere. Not enforced on nodes without that label.",
          ),
      })
      .optional()
      .describe("Limits on where the app's pods are placed."),
  })
  .describe("The app team's part.");

export const meshProfileStatusSchema = z
  .object({
    ports: portsSchema.optional().describe("Allocated by the extender's leader, the same on every node."),
    conditions: conditionsSchema.optional().describe("How things stand with the app's mesh, one per type."),
  })
  .describe("Berth's part.");

const meshProfileSchema = z.object({
  metadata: z.object({
    name: z.string().max(APP_NAME_LENGTH_MAX),
    namespace: z.string(),
    generation: z.int().optional(),
  }),
  spec: meshProfileSpecSchema.optional(),
  status: meshProfileStatusSchema.optional(),
});

/**
 * Reads a MeshProfile; what its spec leaves out is as in the default profile.
 *
 * @throws DecodeError with the path of every field that is wrong, or unknown in the spec.
 */
export function decodeMeshProfile(raw: unknown): MeshProfile {
  const parsed = meshProfileSchema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`MeshProfile ${nameOf(raw)}: ${z.prettifyError(parsed.error)}`);
  const { metadata, spec, status } = parsed.data;
  return {
    app: appName(metadata.namespace, metadata.name),
    cost: decodeCost(spec?.cost ?? {}),
    quota: decodeQuota(spec?.quota ?? {}),
    placement: defined({
      maxPodsPerNode: spec?.placement?.maxPodsPerNode,
      maxPodsPerZone: spec?.placement?.maxPodsPerZone,
    }),
    ports: status?.ports,
    ...(isOutdated(status, metadata.generation) && { isStatusOutdated: true }),
  };
}

// A profile without ports has nothing to say about them, until a pod asks for some.
function isOutdated(
  { ports, conditions = [] }: z.infer<typeof meshProfileStatusSchema> = {},
  generation: number | undefined,
): boolean {
  if (ports === undefined) return false;
  return conditions.find(({ type }) => type === PORTS_ALLOCATED)?.observedGeneration !== generation;
}

function atMost(quantity: z.ZodType<string>, max: string): z.ZodType<string> {
  // What is no quantity is refused by the pattern, and need not be said twice.
  const rule = `!isQuantity(self) || quantity(self).compareTo(quantity('${max}')) <= 0`;
  return quantity.meta({
    pattern: QUANTITY_PATTERN,
    maxLength: QUANTITY_LENGTH_MAX,
    "x-kubernetes-validations": [{ rule, message: `must be at most ${max}` }],
  });
}

interface FieldRule<T> {
  /** The field of the object that an error is reported at. */
  readonly field: keyof T & string;
  readonly message: string;
  /** In CEL, for the API server. */
  readonly rule: string;
  /** The same rule here. */
  readonly holds: (value: T) => boolean;
}

function withRule<T extends object>(
  schema: z.ZodType<T>,
  { field, message, rule, holds }: FieldRule<T>,
): z.ZodType<T> {
  return schema
    .refine(holds, { error: message, path: [field] })
    .meta({ "x-kubernetes-validations": [{ rule, message, fieldPath: `.${field}` }] });
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
