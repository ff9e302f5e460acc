// What the extender's main port answers, asked of the very plugins that its process registers.

import type { FastifyInstance } from "fastify";
import { ClusterLedger } from "#model/ledger.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { admissionApi } from "#scheduler-extender/shell/admission-api.ts";
import { extenderApi } from "#scheduler-extender/shell/extender-api.ts";
import { proxyAdmissionApi } from "#scheduler-extender/shell/proxy-admission-api.ts";
import { createExtenderMetrics } from "#scheduler-extender/shell/extender-metrics.ts";

/** Not listening, and without anything behind the routes. */
export async function extenderRoutes(): Promise<FastifyInstance> {
  const server = createHttpServer({ bodyBytesMax: 1024, logger: silentLogger });
  const ledger = new ClusterLedger();
  const metrics = createExtenderMetrics(ledger, new VirtualClock());
  await server.register(extenderApi, { ledger, metrics } as never);
  await server.register(admissionApi, { metrics } as never);
  await server.register(proxyAdmissionApi, { metrics } as never);
  return server;
}
