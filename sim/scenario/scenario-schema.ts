// The scenario file: what a simulation is of, in one YAML file that can be kept, compared and run again.

import { z } from "zod";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { cpuQuantity, memoryQuantity } from "#runtime/quantity-schema.ts";
import { DEFAULT_PROXY_BASE } from "../engine/replay.ts";
import { ISTIO_SIDECAR, placementPolicies } from "../engine/policies.ts";
import { conditions } from "./scenario-conditions.ts";
import { scenarioEvents } from "./scenario-events.ts";
import { TRACE_FORMATS } from "../traces/load-trace.ts";
import { TRACE_ORDERS } from "../traces/order.ts";

export const SCENARIO_API_VERSION = "sim.berth.dev/v1alpha1";
export const SCENARIO_KIND = "Scenario";

/** Those that come with Berth. */
const POLICY_NAMES = placementPolicies().map(({ name }) => name);

// A quantity without a unit is a number in YAML.
const cpu = z.union([z.number().min(0), cpuQuantity], {
  error: "must be a quantity of CPU, such as 250m or 1.5",
});
const memory = z.union([z.number().min(0), memoryQuantity], {
  error: "must be a quantity of memory, such as 200Mi",
});

const resources = ({ cpuMilli, memoryBytes }: Resources) => ({
  cpu: cpu.default(formatCpu(cpuMilli)),
  memory: memory.default(formatMemory(memoryBytes)),
});

const trace = z.strictObject({
  file: z.string().min(1).describe("pods; a relative name starts at the scenario's folder"),
  format: z.enum(TRACE_FORMATS).optional().describe("told by the content if absent"),
  limit: z.int().min(1).optional().describe("only the first so many pods"),
  apps: z.string().optional().describe("Tianchi B's table of apps; beside the trace if absent"),
  usage: z
    .string()
    .optional()
    .describe("Alibaba 2018's container_usage: containers request their peak of use"),
  largestMachineGib: z
    .number()
    .positive()
    .max(65_536)
    .optional()
    .describe("what Alibaba 2018's memory is a share of; 288 if absent, an assumption"),
});

const DAY_SECONDS = 24 * 3600;

const generator = z.strictObject({
  pods: z.int().min(1).default(10_000).describe("over the whole span"),
  spanSeconds: z
    .number()
    .positive()
    .default(3 * DAY_SECONDS),
  apps: z.int().min(1).optional().describe("at most so many, half of them services; as published if absent"),
  podSize: z
    .number()
    .positive()
    .optional()
    .describe("factor on CPU and memory; 1, the sizes of VMs, if absent"),
  batchShare: z.number().min(0).max(1).optional().describe("share of pods that come and go; 0.92 if absent"),
  redeploySecondsMean: z
    .number()
    .min(3600)
    .optional()
    .describe("between two rollouts of a service; 14 days if absent"),
});

const workload = z
  .strictObject({
    trace: trace.optional(),
    generator: generator.optional(),
    orders: z
      .array(z.enum(TRACE_ORDERS))
      .min(1)
      .optional()
      .describe("of arrivals; grouped and shuffled for a trace without times, else file"),
    tooLarge: z
      .enum(["refuse", "wait"])
      .default("refuse")
      .describe("pods that no node could ever take: refuse the scenario, or let them wait for good"),
  })
  .refine(({ trace: read, generator: made }) => (read === undefined) !== (made === undefined), {
    error: "needs either trace or generator",
  });

const shape = z.strictObject({
  name: z.string().min(1).optional().describe("which prices go by"),
  count: z.int().min(1).max(500_000),
  cpu,
  memory,
  zones: z.array(z.string().min(1)).min(1).optional().describe("the nodes are dealt out to them in turn"),
});

const fleet = z
  .strictObject({
    auto: z
      .strictObject({ name: z.string().min(1).optional(), cpu, memory })
      .optional()
      .describe("as many nodes of one shape as the pods need"),
    shapes: z.array(shape).min(1).optional().describe("a fleet of given size"),
    table: z.string().min(1).optional().describe("file of nodes: node, cpu, mem_gib and perhaps zone"),
    podsPerNode: z.int().min(2).max(10_000).default(110).describe("kubelet's maxPods, the proxy included"),
  })
  .refine(({ auto, shapes, table }) => [auto, shapes, table].filter((of) => of !== undefined).length === 1, {
    error: "needs one of auto, shapes and table",
  });

const cost = DEFAULT_APP_COST;

const mesh = z.strictObject({
  bases: z
    .array(z.strictObject({ name: z.string().min(1), ...resources(cost.base) }))
    .min(1)
    .max(10)
    .prefault([{ name: "nodesentry" }])
    .describe("what a bare instance costs; every run is made with each of them"),
  perPod: z.strictObject(resources(cost.perPod)).prefault({}),
  perConnection: z.strictObject(resources(cost.perConnection)).prefault({}),
  perKiloRps: z.strictObject(resources(cost.perKiloRps)).prefault({}),
  connectionsPerPod: z.number().min(0).default(cost.connectionsPerPod),
  kiloRpsPerPod: z.number().min(0).default(cost.kiloRpsPerPod),
  podsPerNodeMax: z.int().min(1).optional().describe("pods of an app on one node; no limit if absent"),
  proxyBase: z
    .strictObject(resources(DEFAULT_PROXY_BASE))
    .prefault({})
    .describe("a node proxy without instances"),
  sidecar: z.strictObject(resources(ISTIO_SIDECAR)).prefault({}).describe("of policy sidecar-fixed"),
});

const prices = z.strictObject({
  currency: z.string().min(1).max(8).default("USD"),
  cpuHour: z.number().min(0).default(0).describe("of one core"),
  gibHour: z.number().min(0).default(0),
  shapes: z
    .record(z.string(), z.number().min(0))
    .default({})
    .describe("per node and hour, by the name of its shape, in place of the two"),
});

const sweep = z.strictObject({
  baseline: z.string().optional().describe("policy the others are compared with; the first if absent"),
  nodes: z.array(z.int().min(1)).min(1).optional().describe("counts for a fleet of one shape"),
  parameters: z
    .record(z.string(), z.array(z.json()).min(1))
    .default({})
    .describe("field of this file, such as mesh.podsPerNodeMax or fleet.shapes.0.cpu → its values"),
  survey: z
    .boolean()
    .default(false)
    .describe("survey every run: stranded room, headroom, losses, discovery; small runs take twice as long"),
});

export const scenarioSchema = z.strictObject({
  apiVersion: z.literal(SCENARIO_API_VERSION),
  kind: z.literal(SCENARIO_KIND),
  name: z.string().min(1).max(200).default("scenario"),
  workload,
  fleet,
  mesh: mesh.prefault({}),
  policies: z
    .array(z.string().min(1))
    .min(1)
    .default([...POLICY_NAMES])
    .describe(`any of ${POLICY_NAMES.join(", ")}, and files that export a scorer`),
  seeds: z.array(z.int().min(0)).min(1).default([1]),
  events: scenarioEvents.default([]).describe("what happens beside the trace"),
  ...conditions,
  prices: prices.optional(),
  sweep: sweep.optional(),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioSource = z.input<typeof scenarioSchema>;
