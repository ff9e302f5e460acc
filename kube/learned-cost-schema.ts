// The learned costs in a MeshProfile's status: their shape, and their way to and from the model.

import { z } from "zod";
import type { LearnedCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { COUNT_MAX } from "./schema-rules.ts";

// Plain numbers: a connection costs fractions of a millicore, which quantities round away.
const amount = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);
const amounts = z.object({
  cpuMilli: amount.describe("Millicores."),
  memoryBytes: amount.describe("Bytes."),
});
const traffic = z.number().nonnegative().max(COUNT_MAX);

export const learnedSchema = z.object({
  base: amounts.describe("A bare instance."),
  perPod: amounts.describe("Each pod of the app on the node."),
  perConnection: amounts.describe("Each open connection."),
  perKiloRps: amounts.describe("Per thousand requests per second."),
  connectionsPerPod: traffic.describe("Open connections of one pod on average."),
  requestsPerSecondPerPod: traffic.describe("Requests per second of one pod on average."),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "From 0, no better known than by the spec, to 1; charged instead of the spec's costs from 0.5 on.",
    ),
  samples: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).describe("Readings that it rests on."),
  learnedAt: z.iso.datetime({ offset: true }).describe("When this was written."),
});

export function decodeLearned(learned: z.infer<typeof learnedSchema>): LearnedCost {
  const { base, perPod, perConnection, perKiloRps, connectionsPerPod, requestsPerSecondPerPod } = learned;
  const kiloRpsPerPod = requestsPerSecondPerPod / 1000;
  const cost = { base, perPod, perConnection, perKiloRps, connectionsPerPod, kiloRpsPerPod };
  return { cost, confidence: learned.confidence };
}

/** What `decodeMeshProfile` reads back as the learned costs. */
export function learnedStatus(
  { cost, confidence, samples }: LearnedCost & { readonly samples: number },
  nowMs: number,
): z.infer<typeof learnedSchema> {
  const { base, perPod, perConnection, perKiloRps } = cost;
  return {
    base: significant(base),
    perPod: significant(perPod),
    perConnection: significant(perConnection),
    perKiloRps: significant(perKiloRps),
    connectionsPerPod: rounded(cost.connectionsPerPod),
    requestsPerSecondPerPod: rounded(cost.kiloRpsPerPod * 1000),
    confidence: Math.floor(confidence * 100) / 100,
    samples,
    learnedAt: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  };
}

function significant({ cpuMilli, memoryBytes }: Resources): Resources {
  return { cpuMilli: rounded(cpuMilli), memoryBytes: Math.round(memoryBytes) };
}

/** Four digits say all that was learned. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
