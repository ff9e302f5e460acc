// The part of a MeshProfile's spec that instances act upon: what a release rolls out. Costs and placement limits are not
// in it: extender and recommender alone read those.

import { z } from "zod";
import { ISOLATIONS, type MeshProfile } from "#model/mesh-profile.ts";
import { DecodeError } from "./decode-pod.ts";
import { decodeCallers, identitySchema } from "./identity-schema.ts";
import { decodeObservation, observationSchema } from "./observation-schema.ts";
import { decodeQuota, quotaSchema } from "./quota-schema.ts";
import { tcpPortsSchema } from "./tcp-ports-schema.ts";

export const runtimeConfigFields = {
  quota: quotaSchema
    .optional()
    .describe("Limits of the app's instance on each node; an absent limit is not enforced."),
  isolation: z
    .enum(ISOLATIONS)
    .optional()
    .describe(
      "How the app's instance is kept apart on each node: in a thread of the node's proxy (default), or in a process of its own, for apps that are heavy or not trusted; it takes some 30Mi more.",
    ),
  observation: observationSchema.optional().describe("What is recorded of requests, beside their counts."),
  identity: identitySchema.optional().describe("Who may call the app, by the identities of callers."),
  tcpPorts: tcpPortsSchema
    .optional()
    .describe(
      "Ports for what is not HTTP: connections go to the app's pods on the node as they are, within the quotas of connections and bandwidth. Closed where identity refuses callers that show none.",
    ),
};

const runtimeConfigSchema = z.strictObject(runtimeConfigFields);
export type RuntimeConfigSpec = z.infer<typeof runtimeConfigSchema>;

export type RuntimeConfig = Pick<MeshProfile, "quota" | "isolation" | "observation" | "tcpPorts" | "callers">;

export function decodeRuntimeConfig(spec: RuntimeConfigSpec): RuntimeConfig {
  return {
    quota: decodeQuota(spec.quota ?? {}),
    ...(spec.observation !== undefined && { observation: decodeObservation(spec.observation) }),
    ...(spec.tcpPorts !== undefined && { tcpPorts: spec.tcpPorts }),
    ...(spec.isolation !== undefined && { isolation: spec.isolation }),
    ...(spec.identity !== undefined && { callers: decodeCallers(spec.identity) }),
  };
}

/** Equal for equal configurations, whatever the order of their keys, and whatever else the spec says. */
export function runtimeConfigText(spec: RuntimeConfigSpec): string {
  const own = Object.keys(runtimeConfigFields) as readonly (keyof RuntimeConfigSpec)[];
  return JSON.stringify(inOrder(Object.fromEntries(own.map((key) => [key, spec[key]]))));
}

/** The same of an object of unknown content. */
export function configText(config: object): string {
  return JSON.stringify(inOrder(config));
}

/** @throws DecodeError if it says what this version knows nothing of. */
export function parseConfigText(text: string): RuntimeConfig {
  const parsed = runtimeConfigSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new DecodeError(`released configuration: ${z.prettifyError(parsed.error)}`);
  return decodeRuntimeConfig(parsed.data);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
