// spec.quota of a MeshProfile: the limits of one instance on one node.

import { z } from "zod";
import type { Quota } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { atMost, between, COUNT_MAX, count, defined, withRules } from "./schema-rules.ts";
import type { FieldRule } from "./schema-rules.ts";

/** An instance that does nothing but measure itself takes half of this. */
const CPU_MIN = "10m";
/** Below this a single request of some size would be held for seconds. */
const BANDWIDTH_MIN = "1Ki";
/** Two ports, a client and a destination, and as much again to accept and refuse with. */
const FILE_DESCRIPTORS_MIN = 8;
/** Longer than clients wait. */
const QUEUE_MS_MAX = 60_000;
/** An hour: whoever needs longer needs no deadline. */
const REQUEST_MS_MAX = 3_600_000;

const bandwidth = between(memoryQuantity, { parse: parseMemoryBytes, min: BANDWIDTH_MIN, max: "9P" });

const fields = z.strictObject({
  cpu: between(cpuQuantity, { parse: parseCpuMilli, min: CPU_MIN, max: "9T" })
    .optional()
    .describe("CPU of the instance; above it, nothing is read from its connections for a while."),
  memory: atMost(memoryQuantity, "9P")
    .optional()
    .describe(
      "Memory of the instance, heap and buffers; near it requests get 503, and then the instance is replaced.",
    ),
  connections: count.optional().describe("Open client connections; more are closed at once."),
  fileDescriptors: z
    .int()
    .min(FILE_DESCRIPTORS_MIN)
    .max(COUNT_MAX)
    .optional()
    .describe(
      "Open sockets, of clients and to destinations; new client connections above it are closed at once.",
    ),
  requestsPerSecond: z
    .number()
    .positive()
    .max(COUNT_MAX)
    .optional()
    .describe("Steady rate, both directions; more get 429."),
  burst: count.optional().describe("Requests at once above the rate; default: one second's worth."),
  concurrency: count.optional().describe("Requests in progress, both directions; more wait or get 503."),
  queue: count.optional().describe("Requests that may wait for the concurrency; default: none."),
  queueMilliseconds: z
    .int()
    .min(1)
    .max(QUEUE_MS_MAX)
    .optional()
    .describe("How long one may wait before it gets 503; default: 1000."),
  requestMilliseconds: z
    .int()
    .min(1)
    .max(REQUEST_MS_MAX)
    .optional()
    .describe(
      "How long a request may take until its answer begins, before it gets 504; a caller may ask for less by x-envoy-upstream-rq-timeout-ms.",
    ),
  receivedBytesPerSecond: bandwidth
    .optional()
    .describe("Quantity, such as 10Mi: bytes read from clients; above it they are read later."),
  sentBytesPerSecond: bandwidth
    .optional()
    .describe(
      "Quantity, such as 10Mi: bytes read from destinations for clients; above it they are read later.",
    ),
});
type QuotaSpec = z.infer<typeof fields>;

export const quotaSchema = withRules(fields, [
  needs("burst", "requestsPerSecond", "the rate that it is above"),
  needs("queue", "concurrency", "which its requests wait for"),
  needs("queueMilliseconds", "queue", "whose requests it is for"),
]);

export function decodeQuota(quota: QuotaSpec): Quota {
  const {
    cpu,
    memory,
    receivedBytesPerSecond,
    sentBytesPerSecond,
    queueMilliseconds,
    requestMilliseconds,
    ...counts
  } = quota;
  const bytes = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseMemoryBytes(text);
  return defined({
    cpuMilli: cpu === undefined ? undefined : parseCpuMilli(cpu),
    memoryBytes: bytes(memory),
    ...counts,
    queueMs: queueMilliseconds,
    requestMs: requestMilliseconds,
    receivedBytesPerSecond: bytes(receivedBytesPerSecond),
    sentBytesPerSecond: bytes(sentBytesPerSecond),
  });
}

function needs(field: keyof QuotaSpec, other: keyof QuotaSpec, why: string): FieldRule<QuotaSpec> {
  return {
    field,
    message: `${field} needs ${other}, ${why}`,
    rule: `!has(self.${field}) || has(self.${other})`,
    holds: (quota) => quota[field] === undefined || quota[other] !== undefined,
  };
}
