// GET /recommendations: every node's size in figures; /recommendations/NODE: why it is that. Read-only.

import type { NodeName } from "#model/brand.ts";
import type { FastifyInstance } from "fastify";
import type { DaemonSizing } from "./daemon-sizing.ts";
import type { ExplainedRecommendation, NodeReply } from "../policy/recommendation.ts";
import type { SizingLoop } from "./sizing-loop.ts";

export interface Recommending {
  readonly sizing: SizingLoop;
  /** Sizings of DaemonSets that are no node proxies, by their autoscaler. */
  readonly daemons: ReadonlyMap<string, Pick<DaemonSizing, "sizing">>;
}

export function serveRecommendations(server: FastifyInstance, { sizing, daemons }: Recommending): void {
  server.get("/recommendations", () => ({
    items: [...sizing.recommendations()],
    daemonSets: Object.fromEntries(
      [...daemons].map(([autoscaler, daemon]) => [autoscaler, [...daemon.sizing.recommendations()]]),
    ),
  }));
  server.get<{ Params: { node: string } }>("/recommendations/:node", async (request, reply) => {
    const name = request.params.node as NodeName;
    const proxy = sizing.explain(name);
    const others: Record<string, ExplainedRecommendation> = {};
    for (const [autoscaler, daemon] of daemons) {
      const explained = daemon.sizing.explain(name);
      if (explained !== undefined) others[autoscaler] = explained;
    }
    if (proxy === undefined && Object.keys(others).length === 0)
      return reply.code(404).send({ error: `nothing is sized on a node ${name}` });
    return { proxy: proxy ?? null, daemonSets: others } satisfies NodeReply;
  });
}
