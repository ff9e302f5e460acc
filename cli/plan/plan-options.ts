// The options of `berth plan`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { reportOptions } from "../report-output.ts";
import { MESH_RULES } from "./planned-cluster-of.ts";
import { KNOWN_SIDECARS } from "./sidecars.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;

/** A sweep of minutes on a cluster of 5,000 nodes. */
const ROUNDS_MAX = 100;

export const planOptions = z.strictObject({
  snapshot: z
    .string()
    .optional()
    .describe(
      "file that `kubectl get nodes,pods -A -o json` wrote, plain or gzipped; default: the cluster itself",
    ),
  mesh: z
    .enum(MESH_RULES)
    .optional()
    .describe(
      "which pods are in the mesh: those with a sidecar, with Berth's label, or all; default: the first that finds any",
    ),
  sidecarContainer: z
    .string()
    .optional()
    .describe(`names of sidecar containers, separated by commas (default ${KNOWN_SIDECARS.join(",")})`),
  sidecarCpu: cpuQuantity.default("100m").describe("CPU of a sidecar where a mesh pod has none"),
  sidecarMemory: memoryQuantity.default("128Mi").describe("memory of a sidecar where a mesh pod has none"),
  proxyCpu: cpuQuantity.default("100m").describe("CPU of a node proxy without any instance"),
  proxyMemory: memoryQuantity.default("128Mi").describe("memory of a node proxy without any instance"),
  baseMib: z
    .number()
    .min(0)
    .max(1_048_576)
    .optional()
    .describe("memory of a bare instance in MiB (default 200, NodeSentry's)"),
  moveAll: z
    .boolean()
    .default(false)
    .describe(
      "move pods too that ask for volumes, anti-affinity and the like, as if they did not: an optimist's answer",
    ),
  cap: z.int().min(1).optional().describe("at most N pods of an app on a node"),
  rounds: z
    .int()
    .min(0)
    .max(ROUNDS_MAX)
    .default(5)
    .describe(
      "orders in which nodes are taken away to find the fewest; fewer are tried on clusters of many thousand pods; 0 leaves that out",
    ),
  seed: z.int().min(0).default(1).describe("seed of those orders, and of the order in which apps are placed"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  json: z.boolean().default(false).describe("the same as --output json"),
  explain: z
    .string()
    .regex(/^[^/]+\/[^/]+$/, "is NAMESPACE/NAME of a pod")
    .optional()
    .describe("NAMESPACE/NAME of a pod whose placement is explained below the table"),
  ...reportOptions,
  apiServer,
  kubeconfig,
  context,
});

export type PlanFlags = z.infer<typeof planOptions>;
