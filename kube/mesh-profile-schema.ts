// berth.dev/v1alpha1 MeshProfile: the shape the API server stores, and its way into the model. Named after the app.

import { z } from "zod";
import { appName } from "#model/app.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { conditionsSchema } from "./condition.ts";
import { DecodeError } from "./decode-pod.ts";
import { decodeLearned, learnedSchema } from "./learned-cost-schema.ts";
import { dueRelease, loosestQuota, releaseSchema } from "./release-schema.ts";
import { rolloutSchema } from "./rollout-schema.ts";
import { decodeRuntimeConfig, runtimeConfigFields } from "./runtime-config-schema.ts";
import { atMost, COUNT_MAX, count, defined, type FieldRule, isQuantity, withRules } from "./schema-rules.ts";

/** The longest label value, and a profile is named after an app, which a label names. */
export const APP_NAME_LENGTH_MAX = 63;

/** The condition that says how an app's ports stand; written by the extender's leader. */
export const PORTS_ALLOCATED = "PortsAllocated";

const resources = z.strictObject({
  cpu: atMost(cpuQuantity, "9T").optional().describe("Quantity, such as 250m."),
  memory: atMost(memoryQuantity, "9P").optional().describe("Quantity, such as 200Mi."),
});

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

// Nothing of the status is refused for a key that is unknown here: a later version may have written it. The spec is
// people's, where an unknown key is a misspelt one.
const portsSchema = withRules(
  z.object({
    inbound: port.describe("Where every node that hosts the app takes requests to it."),
    outbound: port.describe("Where every node's proxy takes its pods' requests."),
  }),
  [
    {
      field: "outbound",
      message: "outbound must not be the inbound port",
      rule: "self.inbound != self.outbound",
      holds: ({ inbound, outbound }) => inbound !== outbound,
    },
  ],
);

const specFields = z.strictObject({
  cost: costSchema.optional().describe("What the app's mesh costs a node."),
  ...runtimeConfigFields,
  rollout: rolloutSchema
    .optional()
    .describe(
      "How changes of quota, isolation, observation, identity and tcpPorts reach the nodes; all else holds at once.",
    ),
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
});

/** Unknown keys of the spec are refused by the fields' own schema. */
export const meshProfileSpecSchema = withRules(specFields, [
  capHoldsBase("cpu", parseCpuMilli),
  capHoldsBase("memory", parseMemoryBytes),
]).describe("The app team's part.");

export const meshProfileStatusSchema = z
  .object({
    learned: learnedSchema
      .optional()
      .describe("Costs that the app's instances were seen to have on all nodes; written by the recommender."),
    release: releaseSchema
      .optional()
      .describe(
        "Which version of its configuration each node is to have; written by the recommender. Absent: the spec's, on all nodes.",
      ),
    ports: portsSchema.optional().describe("Allocated by the extender's leader, the same on every node."),
    conditions: conditionsSchema.optional().describe("How things stand with the app's mesh, one per type."),
  })
  .describe("Berth's part.");

const meshProfileSchema = z.object({
  metadata: z.object({
    name: z.string().max(APP_NAME_LENGTH_MAX),
    namespace: z.string(),
    generation: z.int().optional(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: meshProfileSpecSchema.optional(),
  status: meshProfileStatusSchema.optional(),
});

export type MeshProfileObject = z.infer<typeof meshProfileSchema>;

/**
 * A MeshProfile as it is stored.
 *
 * @throws DecodeError with the path of every field that is wrong, or unknown in the spec.
 */
export function parseMeshProfile(raw: unknown): MeshProfileObject {
  const parsed = meshProfileSchema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`MeshProfile ${nameOf(raw)}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * Reads a MeshProfile; what its spec leaves out is as in the default profile. Where a release says which node has which
 * configuration, this is what may hold on any: the spec's, but for the quota.
 *
 * @throws DecodeError with the path of every field that is wrong, or unknown in the spec.
 */
export function decodeMeshProfile(raw: unknown): MeshProfile {
  const { metadata, spec = {}, status } = parseMeshProfile(raw);
  return {
    app: appName(metadata.namespace, metadata.name),
    cost: decodeCost(spec.cost ?? {}),
    ...decodeRuntimeConfig(spec),
    ...(status?.release !== undefined && { quota: loosestQuota(status.release) }),
    placement: defined({
      maxPodsPerNode: spec.placement?.maxPodsPerNode,
      maxPodsPerZone: spec.placement?.maxPodsPerZone,
    }),
    ports: status?.ports,
    ...(status?.learned !== undefined && { learned: decodeLearned(status.learned) }),
    ...(isOutdated(status, metadata.generation) && { isStatusOutdated: true }),
    ...defined({ releaseDue: dueRelease(spec, status?.release) }),
  };
}

/** What an instance may be capped at holds what a bare one costs: below it, nobody could ever be served. */
function capHoldsBase(
  resource: "cpu" | "memory",
  parse: (text: string) => number,
): FieldRule<z.infer<typeof specFields>> {
  const base = `self.cost.base.${resource}`;
  const cap = `self.quota.${resource}`;
  return {
    field: "quota",
    message: `quota.${resource} is less than cost.base.${resource}, what an instance costs without any traffic`,
    rule:
      `!has(self.quota) || !has(${cap}) || !has(self.cost) || !has(self.cost.base) || !has(${base}) || ` +
      `!isQuantity(${cap}) || !isQuantity(${base}) || quantity(${cap}).compareTo(quantity(${base})) >= 0`,
    holds: ({ quota, cost }) => {
      const [least, most] = [cost?.base?.[resource], quota?.[resource]];
      if (least === undefined || most === undefined) return true;
      return !isQuantity(least, parse) || !isQuantity(most, parse) || parse(most) >= parse(least);
    },
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
