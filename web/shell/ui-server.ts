// The UI's server: read-only, and without anybody's name. It serves the page and streams the screens.

import { createHttpServer, listen } from "#runtime/http-server.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { assetRoutes } from "./asset-routes.ts";
import { Assets } from "./assets.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { Components } from "./components.ts";
import { Forecasts } from "./forecasts.ts";
import { guard } from "./guard.ts";
import { overviewScreen } from "./overview-screen.ts";
import { HeldSizes } from "./held-sizes.ts";
import { screenRoutes } from "./screen-routes.ts";
import { SCREENS } from "./screens.ts";
import { SizeRecorder } from "./size-recorder.ts";
import { StreamHub } from "./stream-hub.ts";

export interface UiServerOptions {
  readonly cluster: ClusterState;
  readonly components: Components;
  /** What people know the cluster by. */
  readonly clusterName: string;
  /** The cluster's time. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
  /** The module of forecasts' threads, and the settings by which those reach the cluster. */
  readonly forecasts: { readonly worker: URL; readonly settings: unknown };
  /** Names, beside localhost and addresses, that it is reached by. */
  readonly hostNames: readonly string[];
}

export interface UiServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Nothing is sent to it but GETs. */
const BODY_BYTES_MAX = 1_024;

/** @throws UsageError if it cannot listen there. */
export async function startUiServer(options: UiServerOptions): Promise<UiServer> {
  const { cluster, components, clock, logger, host, port, hostNames, clusterName } = options;
  const machine = systemClock();
  const server = createHttpServer({ bodyBytesMax: BODY_BYTES_MAX, logger });
  guard(server, { hostNames });
  await server.register(assetRoutes, { assets: new Assets() });
  const nowMs = (): number => machine.nowMs();
  const held = new HeldSizes({ recommender: components.recommender, nowMs });
  const hub = new StreamHub({ clock: machine, changes: () => cluster.changes + held.changes, logger });
  const forecasts = new Forecasts({ ...options.forecasts, nowMs, logger });
  const recorder = new SizeRecorder({ cluster, clock, machine });
  const context = { cluster, components, clock, nowMs, forecasts, sizes: recorder.history, held };
  const overview = overviewScreen(clusterName);
  await server.register(screenRoutes, { context, screens: SCREENS, overview, hub });
  server.get("/livez", async () => "ok\n");
  server.get("/readyz", async (_, reply) => {
    const reasons = cluster.staleReasons();
    return reply.code(reasons.length === 0 ? 200 : 503).send(`${reasons.join("\n") || "ok"}\n`);
  });
  const url = await listen(server, { host, port });
  hub.start();
  recorder.start();
  return {
    url,
    async stop() {
      hub.stop();
      recorder.stop();
      await forecasts.stop();
      await server.close();
    },
  };
}
