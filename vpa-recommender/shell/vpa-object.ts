// A VerticalPodAutoscaler (autoscaling.k8s.io/v1) as far as its recommender reads it.

import { z } from "zod";
import { parseCpuMilli, parseMemoryBytes, QuantityError } from "#model/quantity.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import type { ContainerPolicy, SomeResources } from "../policy/vpa-recommendation.ts";

export interface VpaObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly target: VpaTarget | undefined;
  readonly policies: readonly ContainerPolicy[];
  readonly status: VpaStatus;
}

export interface VpaTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

// Keys that Berth does not read are upstream's business.
const amounts = z.object({ cpu: z.coerce.string().optional(), memory: z.coerce.string().optional() });
const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().optional(),
});
const recommendation = z.object({
  containerName: z.string(),
  target: amounts,
  lowerBound: amounts.optional(),
  upperBound: amounts.optional(),
  uncappedTarget: amounts.optional(),
});
const statusSchema = z.object({
  recommendation: z.object({ containerRecommendations: z.array(recommendation).optional() }).nullish(),
  conditions: z.array(condition).nullish(),
});
export type VpaStatus = z.infer<typeof statusSchema>;

const vpaSchema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  spec: z.object({
    targetRef: z.object({ apiVersion: z.string().optional(), kind: z.string(), name: z.string() }).optional(),
    recommenders: z.array(z.object({ name: z.string() })).nullish(),
    resourcePolicy: z
      .object({
        containerPolicies: z
          .array(
            z.object({
              containerName: z.string().optional(),
              mode: z.string().optional(),
              minAllowed: amounts.nullish(),
              maxAllowed: amounts.nullish(),
              controlledResources: z.array(z.string()).nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
  }),
  status: statusSchema.nullish(),
});

/** What `spec.recommenders` calls us. */
const OUR_NAME = "berth";

/**
 * Undefined for an object that another recommender serves.
 *
 * @throws DecodeError for one that upstream's definition would not have let in.
 */
export function decodeVpa(raw: unknown): VpaObject | undefined {
  const parsed = vpaSchema.safeParse(raw);
  if (!parsed.success)
    throw new DecodeError(
      `a VerticalPodAutoscaler is not as upstream defines it: ${z.prettifyError(parsed.error)}`,
    );
  const { metadata, spec, status } = parsed.data;
  if (!(spec.recommenders ?? []).some(({ name }) => name === OUR_NAME)) return undefined;
  const { targetRef } = spec;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    target: targetRef && { ...targetRef, apiVersion: targetRef.apiVersion ?? "v1" },
    policies: (spec.resourcePolicy?.containerPolicies ?? []).map((policy) => ({
      name: policy.containerName ?? "",
      isOff: policy.mode === "Off",
      minAllowed: amountsOf(policy.minAllowed),
      maxAllowed: amountsOf(policy.maxAllowed),
      controlled: controlledBy(policy.controlledResources ?? ["cpu", "memory"]),
    })),
    status: status ?? {},
  };
}

function controlledBy(names: readonly string[]): ContainerPolicy["controlled"] {
  const resources = { cpu: "cpuMilli", memory: "memoryBytes" } as const;
  return (["cpu", "memory"] as const).filter((name) => names.includes(name)).map((name) => resources[name]);
}

function amountsOf(list: z.infer<typeof amounts> | null | undefined): SomeResources {
  const { cpu, memory } = list ?? {};
  try {
    return {
      ...(cpu === undefined ? {} : { cpuMilli: parseCpuMilli(cpu) }),
      ...(memory === undefined ? {} : { memoryBytes: parseMemoryBytes(memory) }),
    };
  } catch (error) {
    if (error instanceof QuantityError) throw new DecodeError(`resourcePolicy: ${error.message}`);
    throw error;
  }
}
