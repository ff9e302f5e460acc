// berth.dev/v1alpha1 NodeProxyAutoscaler: the shape the API server stores, and its way into the model.

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import type { NodeProxyAutoscaler } from "#model/node-proxy-autoscaler.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { conditionsSchema } from "./condition.ts";
import { DecodeError } from "./decode-pod.ts";
import { atMost, COUNT_MAX, defined } from "./schema-rules.ts";

/** Said of the target: whether any of its pods is seen. */
export const TARGET_FOUND = "TargetFound";
/** Whether every pod has, or could get, the size that its node calls for. */
export const SIZES_SUFFICE = "SizesSuffice";
/** Said where pods cannot be resized in place: whether the template has the size that its nodes call for. */
export const TEMPLATE_SIZED = "TemplateSized";

const resources = z.strictObject({
  cpu: atMost(cpuQuantity, "9T").optional().describe("Quantity, such as 250m."),
  memory: atMost(memoryQuantity, "9P").optional().describe("Quantity, such as 200Mi."),
});

/** As many as one node is told the shares of. */
const CAPS_MAX = 1_000;
/** A day: whoever asks for more has mistaken the unit. */
const SECONDS_MAX = 86_400;
const seconds = z.int().min(0).max(SECONDS_MAX);
const name = z.string().min(1).max(253);

export const nodeProxyAutoscalerSpecSchema = z
  .strictObject({
    targetRef: z
      .strictObject({
        apiVersion: z.literal("apps/v1").optional().describe("apps/v1."),
        kind: z.literal("DaemonSet").describe("DaemonSet."),
        name: name.describe("The DaemonSet's name."),
      })
      .describe("Whose pods are sized: a DaemonSet of the same namespace, a node proxy or any other."),
    updateMode: z
      .enum(["Off", "Initial", "InPlace"])
      .optional()
      .describe(
        "Off: recommended only. Initial: sized once, when new. InPlace, the default: followed as the load changes.",
      ),
    container: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe("The container that is sized. Default: the one named proxy, else the first."),
    min: resources.optional().describe("No pod is made smaller."),
    max: resources.optional().describe("No pod is made larger."),
    headroom: z
      .strictObject({
        ratio: z.number().min(0).max(10).optional().describe("Share of what is required."),
        cpu: atMost(cpuQuantity, "9T").optional().describe("At least this much CPU."),
        memory: atMost(memoryQuantity, "9P").optional().describe("At least this much memory."),
      })
      .optional()
      .describe("What a pod has beyond what its node calls for. Default: the recommender's flags."),
    cooldowns: z
      .strictObject({
        shrinkSeconds: seconds.optional().describe("How long a surplus lasts before a pod shrinks."),
        headroomSeconds: seconds
          .optional()
          .describe("How long a node's apps stay the same before its pod takes headroom."),
      })
      .optional()
      .describe("Default: the recommender's flags."),
    caps: z
      .array(
        z
          .strictObject({
            app: z
              .string()
              .min(3)
              .max(317)
              .regex(/^[^/]+\/[^/]+$/)
              .describe("Namespace and name of the app."),
            cpu: atMost(cpuQuantity, "9T").optional().describe("At most this much CPU on a node."),
            memory: atMost(memoryQuantity, "9P").optional().describe("At most this much memory on a node."),
          })
          .describe("One app's bounds."),
      )
      .max(CAPS_MAX)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["app"] })
      .describe("The platform's bounds of single apps, whatever their profiles say."),
  })
  .describe("How one DaemonSet's pods are sized, node by node.");

const amount = z.int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const totals = z.object({
  cpuMilli: amount.describe("Millicores."),
  memoryBytes: amount.describe("Bytes."),
});
const pods = z.int().nonnegative().max(COUNT_MAX);

export const nodeProxyAutoscalerStatusSchema = z
  .object({
    pods: pods.optional().describe("Pods of the target that are seen."),
    atTarget: pods.optional().describe("Of them, those whose size is right."),
    short: pods.optional().describe("Of them, those with less than their node calls for."),
    pending: pods.optional().describe("Of them, those whose resize kubelet has put off or refused."),
    current: totals.optional().describe("What they request together."),
    required: totals.optional().describe("What their nodes call for together."),
    target: totals.optional().describe("The same with headroom."),
    conditions: conditionsSchema.optional().describe("How things stand, one per type."),
  })
  .describe("Written by the recommender.");

export type NodeProxyAutoscalerStatus = z.infer<typeof nodeProxyAutoscalerStatusSchema>;

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    generation: z.int().optional(),
  }),
  spec: nodeProxyAutoscalerSpecSchema,
  status: nodeProxyAutoscalerStatusSchema.optional(),
});

/** An autoscaler together with what its status says so far. */
export interface StoredAutoscaler extends NodeProxyAutoscaler {
  readonly status: NodeProxyAutoscalerStatus;
}

/**
 * Reads a NodeProxyAutoscaler.
 *
 * @throws DecodeError with the path of every field that is wrong, or unknown in the spec.
 */
export function decodeNodeProxyAutoscaler(raw: unknown): StoredAutoscaler {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`NodeProxyAutoscaler: ${z.prettifyError(parsed.error)}`);
  const { metadata, spec, status = {} } = parsed.data;
  const { targetRef, updateMode = "InPlace", headroom = {}, cooldowns = {} } = spec;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    target: targetRef.name,
    updateMode,
    container: spec.container,
    min: decodeResources(spec.min),
    max: decodeResources(spec.max),
    headroom: { ...defined({ ratio: headroom.ratio }), ...decodeResources(headroom) },
    shrinkDelayMs: milliseconds(cooldowns.shrinkSeconds),
    headroomDelayMs: milliseconds(cooldowns.headroomSeconds),
    caps: new Map((spec.caps ?? []).map(({ app, ...cap }) => [app as AppName, decodeResources(cap)])),
    status,
  };
}

function decodeResources({
  cpu,
  memory,
}: {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
} = {}): Partial<Resources> {
  return defined({
    cpuMilli: cpu === undefined ? undefined : parseCpuMilli(cpu),
    memoryBytes: memory === undefined ? undefined : parseMemoryBytes(memory),
  });
}

function milliseconds(given: number | undefined): number | undefined {
  return given === undefined ? undefined : given * 1000;
}
