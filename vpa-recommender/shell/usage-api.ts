// GET /usage: what each node's proxy used when it was last read, with ?instances=true by app. GET /apps/NAMESPACE/NAME:
// what was learned of an app's costs, and what its instances used. Read-only, for `berth top`, `berth explain app` and
// whoever draws them.

import type { FastifyInstance } from "fastify";
import type { AppName, NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { InstanceUsage } from "../policy/instance-learner.ts";
import type { LearnedApp, SizingModel } from "../policy/sizing-model.ts";
import type { LatestUsage, NodeUsage } from "./latest-usage.ts";

/** Of one app's instance on one node. */
export interface InstanceUsageReply extends Resources {
  readonly pods: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** Its CPU was held back. */
  readonly isThrottled: boolean;
}

export interface NodeUsageReply extends Resources {
  readonly node: NodeName;
  readonly timeMs: number;
  /** By app; null where only the proxy's total is known, absent if it was not asked for. */
  readonly instances?: Readonly<Record<string, InstanceUsageReply>> | null;
}

export interface UsageReply {
  readonly items: readonly NodeUsageReply[];
}

export interface AppReply {
  readonly app: AppName;
  /** Null if nothing was. */
  readonly learned: LearnedApp | null;
  readonly instances: readonly (InstanceUsageReply & {
    readonly node: NodeName;
    readonly timeMs: number;
  })[];
}

export interface UsageSources {
  readonly model: Pick<SizingModel, "learnedOf">;
  readonly latest: Pick<LatestUsage, "entries" | "ofApp">;
}

export function serveUsage(server: FastifyInstance, { model, latest }: UsageSources): void {
  server.get<{ Querystring: { readonly instances?: string } }>("/usage", (request): UsageReply => {
    const withInstances = request.query.instances === "true";
    const reply = withInstances ? nodeReply : totalReply;
    return { items: [...latest.entries()].map(([node, usage]) => reply(node, usage)) };
  });
  server.get<{ Params: { readonly namespace: string; readonly name: string } }>(
    "/apps/:namespace/:name",
    (request): AppReply => {
      const app = `${request.params.namespace}/${request.params.name}` as AppName;
      const instances = [...latest.ofApp(app)].map(([node, usage]) =>
        Object.assign({ node, timeMs: usage.timeMs }, instanceReply(usage)),
      );
      return { app, learned: model.learnedOf(app) ?? null, instances };
    },
  );
}

function totalReply(node: NodeName, { timeMs, used }: NodeUsage): NodeUsageReply {
  return { node, timeMs, ...used };
}

function nodeReply(node: NodeName, usage: NodeUsage): NodeUsageReply {
  const apps =
    usage.instances && [...usage.instances].map(([app, one]) => [app, instanceReply(one)] as const);
  return { ...totalReply(node, usage), instances: apps === undefined ? null : Object.fromEntries(apps) };
}

function instanceReply({ pods, connections, kiloRps, used, isThrottled }: InstanceUsage): InstanceUsageReply {
  return { pods, connections, requestsPerSecond: kiloRps * 1000, ...used, isThrottled };
}
