// What happens to a replayed cluster beside its trace: nodes fail, apps are rolled out and scaled, proxies are upgraded.
// A plain list of timed events, on the trace's own clock; a scenario file is one way to write it.

import { UsageError } from "#runtime/usage-error.ts";
import type { TraceNode, TracePods } from "../traces/trace.ts";

export type ScenarioEvent = NodesLost | ZoneLost | NodesDrained | AppRolledOut | AppScaled | ProxiesUpgraded;

interface Timed {
  /** On the trace's clock; an event of a second comes before what the trace has in it. */
  readonly atSeconds: number;
}

/** Nodes by name, or so many of those that have pods then, drawn with the run's seed. */
export type NodeChoice = { readonly names: readonly string[] } | { readonly count: number };

/** Nodes stop at once. Their pods are missed, and made anew elsewhere, after `evictSeconds`. */
export interface NodesLost extends Timed {
  readonly kind: "nodeLoss";
  readonly nodes: NodeChoice;
  readonly evictSeconds?: number;
  /** After that long the nodes are there again, empty; never by default. */
  readonly backAfterSeconds?: number;
}

/** All nodes of a zone stop at once. */
export interface ZoneLost extends Timed {
  readonly kind: "zoneLoss";
  readonly zone: string;
  readonly evictSeconds?: number;
  readonly backAfterSeconds?: number;
}

/** Nodes are emptied, each pod made anew elsewhere at once, and leave. */
export interface NodesDrained extends Timed {
  readonly kind: "drain";
  readonly nodes: NodeChoice;
  readonly backAfterSeconds?: number;
}

/** Every pod of an app is replaced step by step, new ones first. */
export interface AppRolledOut extends Timed {
  readonly kind: "rollout";
  readonly app: string;
  /** Pods beyond the app's own, as a share, rounded up; 0.25 by default, as for a Deployment. */
  readonly surgeShare?: number;
  /** From new pods until the old ones that they replace go; 60 by default, an assumption. */
  readonly stepSeconds?: number;
}

/** An autoscaler or a person sets an app's replicas. The newest pods go first; those that come are like the app's others. */
export interface AppScaled extends Timed {
  readonly kind: "scale";
  readonly app: string;
  readonly replicas: number;
}

/** The DaemonSet's rolling update: on so many nodes at a time a second proxy stands beside the first one. */
export interface ProxiesUpgraded extends Timed {
  readonly kind: "proxyUpgrade";
  readonly nodesAtOnce: number;
  /** How long both are there; 60 by default, an assumption. */
  readonly stepSeconds?: number;
}

/** What a trace and a fleet have that events may name. */
export interface ScenarioGround {
  readonly pods: TracePods;
  /** Undefined for a fleet that grows: its nodes have no names beforehand. */
  readonly nodes: readonly TraceNode[] | undefined;
  /** Where an event is written, for errors. */
  readonly placeOf?: ((index: number) => string) | undefined;
}

/**
 * A copy in order of time.
 *
 * @throws UsageError for what cannot happen: apps, nodes and zones that are nowhere, numbers out of range.
 */
export function orderedScenario(
  events: readonly ScenarioEvent[],
  ground: ScenarioGround,
): readonly ScenarioEvent[] {
  const apps = new Set<string>();
  for (const { app } of ground.pods) apps.add(app);
  const nodes = ground.nodes && new Set(ground.nodes.map(({ name }) => name));
  const zones = new Set(ground.nodes?.flatMap(({ zone }) => zone ?? []));
  for (const [index, event] of events.entries()) {
    const wrong = wrongNumber(event) ?? wrongName(event, { apps, nodes, zones });
    if (wrong === undefined) continue;
    const place = ground.placeOf === undefined ? "" : `${ground.placeOf(index)}: `;
    throw new UsageError(`${place}event ${index + 1} of the scenario (${event.kind}): ${wrong}`);
  }
  return [...events].sort((a, b) => a.atSeconds - b.atSeconds);
}

interface Names {
  readonly apps: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string> | undefined;
  readonly zones: ReadonlySet<string>;
}

function wrongName(event: ScenarioEvent, { apps, nodes, zones }: Names): string | undefined {
  if ("app" in event && !apps.has(event.app)) return `the trace has no app "${event.app}"`;
  if ("zone" in event && !zones.has(event.zone)) {
    return nodes === undefined
      ? "a fleet that grows has no zones"
      : `no node is in zone "${event.zone}"; the nodes' zones: ${[...zones].join(", ") || "none"}`;
  }
  if (!("nodes" in event) || !("names" in event.nodes)) return undefined;
  if (nodes === undefined) return "the nodes of a fleet that grows have no names beforehand; give a count";
  const unknown = event.nodes.names.find((name) => !nodes.has(name));
  return unknown === undefined ? undefined : `there is no node "${unknown}"`;
}

function wrongNumber(event: ScenarioEvent): string | undefined {
  for (const [field, value] of Object.entries({ ...event, ...("nodes" in event ? event.nodes : {}) })) {
    if (typeof value !== "number" || field === "atSeconds") continue;
    if (!(value >= 0 && Number.isFinite(value))) return `${field} is ${value}; it is 0 or more`;
    if (WHOLE.has(field) && !Number.isInteger(value)) return `${field} is ${value}; it is a whole number`;
    if (AT_LEAST_ONE.has(field) && value < 1) return `${field} is ${value}; it is 1 or more`;
  }
  return Number.isFinite(event.atSeconds) ? undefined : "atSeconds is no number";
}

const WHOLE: ReadonlySet<string> = new Set(["count", "replicas", "nodesAtOnce"]);
const AT_LEAST_ONE: ReadonlySet<string> = new Set(["count", "nodesAtOnce"]);
