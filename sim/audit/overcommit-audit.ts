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

  // What the recommender has learned, where it is sure enough to be charged; else the profile's given costs, and what
  // those leave out is as documented.
  #costOf(app: AppName): { readonly base: Amount; readonly perPod: Amount } {
    const { spec, status } = (this.#store.get("meshprofiles", splitAppName(app)) ?? {}) as StoredProfile;
    const { learned } = status ?? {};
    const isCharged = learned !== undefined && learned.confidence >= CHARGED_CONFIDENCE_MIN;
    const { base, perPod, perConnection, perKiloRps, connections, krps } = isCharged
      ? learnedCost(learned)
      : givenCost(spec?.cost ?? {});
    const each = (resource: keyof Amount): number =>
      Math.ceil(perPod[resource] + connections * perConnection[resource] + krps * perKiloRps[resource]);
    return {
      base: { cpu: Math.ceil(base.cpu), memory: Math.ceil(base.memory) },
      perPod: { cpu: each("cpu"), memory: each("memory") },
    };
  }
}

/** As MeshProfile's reference says of status.learned.confidence. */
const CHARGED_CONFIDENCE_MIN = 0.5;

interface StoredProfile {
  readonly spec?: { readonly cost?: ProfileCost };
  readonly status?: { readonly learned?: StoredLearned };
}

interface Cost {
  readonly base: Amount;
  readonly perPod: Amount;
  readonly perConnection: Amount;
  readonly perKiloRps: Amount;
  readonly connections: number;
  readonly krps: number;
}

function givenCost(cost: ProfileCost): Cost {
  const fallback = DEFAULT_APP_COST;
  const { connectionsPerPod, requestsPerSecondPerPod } = cost;
  return {
    base: amount(cost.base, fallback.base),
    perPod: amount(cost.perPod, fallback.perPod),
    perConnection: amount(cost.perConnection, fallback.perConnection),
    perKiloRps: amount(cost.perKiloRps, fallback.perKiloRps),
    connections: connectionsPerPod ?? fallback.connectionsPerPod,
    krps: requestsPerSecondPerPod === undefined ? fallback.kiloRpsPerPod : requestsPerSecondPerPod / 1000,
  };
}

// Plain numbers, where a spec has quantities.
function learnedCost(learned: StoredLearned): Cost {
  return {
    base: amount(undefined, learned.base),
    perPod: amount(undefined, learned.perPod),
    perConnection: amount(undefined, learned.perConnection),
    perKiloRps: amount(undefined, learned.perKiloRps),
    connections: learned.connectionsPerPod,
    krps: learned.requestsPerSecondPerPod / 1000,
  };
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

interface StoredLearned {
  readonly base: PlainAmount;
  readonly perPod: PlainAmount;
  readonly perConnection: PlainAmount;
  readonly perKiloRps: PlainAmount;
  readonly connectionsPerPod: number;
  readonly requestsPerSecondPerPod: number;
  readonly confidence: number;
}

interface PlainAmount {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

function amount(given: Quantities | undefined, fallback: PlainAmount): Amount {
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
