// An independent recount after every placement: is there a node on which the requests of all pods and what its proxy
// is required to be exceed what the node has? From the API's objects alone, at the costs that are valid now, summed
// anew from nothing each time.

import type { AppName } from "#model/brand.ts";
import { splitAppName } from "#model/app.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { ObjectStore } from "../loopback/object-store.ts";
import type { NodeContents, PodOnNode } from "./node-contents.ts";

/** A placement after which the node was promised more than it has. */
export interface Overcommit {
  readonly node: string;
  readonly pod: string;
  readonly resource: "cpu" | "memory";
  readonly needed: number;
  readonly allocatable: number;
}

/** Kept as evidence; the count goes on. */
const EXAMPLES_MAX = 20;

export class OvercommitAudit {
  readonly #store: ObjectStore;
  readonly #contents: NodeContents;
  readonly examples: Overcommit[] = [];
  placements = 0;
  overcommits = 0;

  constructor(store: ObjectStore, contents: NodeContents) {
    this.#store = store;
    this.#contents = contents;
    contents.listen((event) => {
      if (event.kind === "bound" && !event.pod.isProxy) this.#placed(event.node, event.pod);
    });
  }

  #placed(node: string, { object }: PodOnNode): void {
    this.placements++;
    const found = this.#recount(node, `${object.metadata.namespace}/${object.metadata.name}`);
    if (found.length === 0) return;
    this.overcommits++;
    this.examples.push(...found.slice(0, EXAMPLES_MAX - this.examples.length));
  }

  #recount(node: string, pod: string): readonly Overcommit[] {
    const pods = [...this.#contents.podsOn(node)];
    const proxies = pods.filter(({ isProxy }) => isProxy);
    const allocatable = (this.#store.get("nodes", { name: node })?.status?.["allocatable"] ??
      {}) as Quantities;
    const needed = { cpu: 0, memory: 0 };
    const podsByApp = new Map<AppName, number>();
    for (const { isProxy, app, request } of pods) {
      if (isProxy) continue;
      needed.cpu += request.cpuMilli;
      needed.memory += request.memoryBytes;
      if (app !== undefined) podsByApp.set(app, (podsByApp.get(app) ?? 0) + 1);
    }
    const mesh = { cpu: 0, memory: 0 };
    for (const [app, count] of podsByApp) {
      const { base, perPod } = this.#costOf(app);
      mesh.cpu += base.cpu + count * perPod.cpu;
      mesh.memory += base.memory + count * perPod.memory;
    }
    const factor = annotationOf(proxies, "berth.dev/correction");
    const proxyBase = annotationOf(proxies, "berth.dev/proxy-base");
    needed.cpu +=
      Math.ceil(mesh.cpu * Number(factor["cpu"] ?? 1)) + parseCpuMilli(String(proxyBase["cpu"] ?? "0"));
    needed.memory +=
      Math.ceil(mesh.memory * Number(factor["memory"] ?? 1)) +
      parseMemoryBytes(String(proxyBase["memory"] ?? "0"));
    const limits = {
      cpu: parseCpuMilli(allocatable["cpu"] ?? "0", "down"),
      memory: parseMemoryBytes(allocatable["memory"] ?? "0", "down"),
    };
    return (["cpu", "memory"] as const)
      .filter((resource) => needed[resource] > limits[resource])
      .map((resource) => ({ node, pod, resource, needed: needed[resource], allocatable: limits[resource] }));
  }

  // The profile's given costs; what it leaves out is as documented.
  #costOf(app: AppName): { readonly base: Amount; readonly perPod: Amount } {
    const spec = (this.#store.get("meshprofiles", splitAppName(app))?.spec ?? {}) as {
      readonly cost?: ProfileCost;
    };
    const { cost = {} } = spec;
    const fallback = DEFAULT_APP_COST;
    const base = amount(cost.base, fallback.base);
    const pod = amount(cost.perPod, fallback.perPod);
    const connection = amount(cost.perConnection, fallback.perConnection);
    const kiloRps = amount(cost.perKiloRps, fallback.perKiloRps);
    const connections = cost.connectionsPerPod ?? fallback.connectionsPerPod;
    const krps =
      cost.requestsPerSecondPerPod === undefined
        ? fallback.kiloRpsPerPod
        : cost.requestsPerSecondPerPod / 1000;
    const perPod = (resource: keyof Amount): number =>
      Math.ceil(pod[resource] + connections * connection[resource] + krps * kiloRps[resource]);
    return { base, perPod: { cpu: perPod("cpu"), memory: perPod("memory") } };
  }
}

type Quantities = Readonly<Record<string, string>>;

interface Amount {
  readonly cpu: number;
  readonly memory: number;
}

interface ProfileCost {
  readonly base?: Quantities;
  readonly perPod?: Quantities;
  readonly perConnection?: Quantities;
  readonly perKiloRps?: Quantities;
  readonly connectionsPerPod?: number;
  readonly requestsPerSecondPerPod?: number;
}

function amount(
  given: Quantities | undefined,
  fallback: { readonly cpuMilli: number; readonly memoryBytes: number },
): Amount {
  return {
    cpu: given?.["cpu"] === undefined ? fallback.cpuMilli : parseCpuMilli(given["cpu"]),
    memory: given?.["memory"] === undefined ? fallback.memoryBytes : parseMemoryBytes(given["memory"]),
  };
}

function annotationOf(proxies: readonly PodOnNode[], name: string): Readonly<Record<string, unknown>> {
  for (const { object } of proxies) {
    const text = object.metadata.annotations?.[name];
    if (text !== undefined) return JSON.parse(text) as Record<string, unknown>;
  }
  return {};
}
