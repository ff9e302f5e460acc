// What every component answers to its operators: is it alive, is it ready and if not why, and its metrics.

import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";

export interface OperationsOptions {
  readonly registry: Registry;
  /** What keeps the component from being ready, in words; empty when it is. */
  readonly unreadyReasons: () => readonly string[];
}

export async function operationsApi(server: FastifyInstance, options: OperationsOptions): Promise<void> {
  const { registry, unreadyReasons } = options;
  server.get("/livez", async () => "ok\n");
  server.get("/readyz", async (_, reply) => {
    const reasons = unreadyReasons();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .type("text/plain")
      .send(reasons.length === 0 ? "ok\n" : `${reasons.join("\n")}\n`);
  });
  server.get("/metrics", async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}
