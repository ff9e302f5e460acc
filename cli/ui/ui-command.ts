// `berth ui`: the web UI. It reads the API by its own watches and asks the other parts by HTTP; nothing is written.

import { connect } from "#kube/connect.ts";
import { type ComponentContext, type RunningComponent, runComponent } from "#runtime/component.ts";
import { ClusterState } from "#web/shell/cluster-state.ts";
import { startUiServer } from "#web/shell/ui-server.ts";
import { EXTENDER_PART, RECOMMENDER_PART } from "../part-ports.ts";
import { readApp } from "./app-reader.ts";
import { componentClient } from "./component-client.ts";
import { uiSettings, type UiSettings } from "./ui-settings.ts";

/** Its settings, for the command line, the settings file and the reference. */
export const ui = {
  kind: "Ui",
  usage: "berth ui",
  summary: "Berth's web UI: read-only, on loopback unless --host says otherwise.",
  schema: uiSettings,
} as const;

export const uiCommand = {
  summary:
    "show the cluster in a browser: where room is, what the mesh costs, why a pod or a proxy is as it is",
  run: async (argv: readonly string[]): Promise<void> => runComponent(ui, start, argv),
};

async function start({ config, logger, clock }: ComponentContext<UiSettings>): Promise<RunningComponent> {
  const { host, port, berthNamespace: namespace } = config;
  const connection = await connect(config, "berth-ui");
  const cluster = new ClusterState({ connection, logger });
  const place = { connection, namespace };
  const server = await startUiServer({
    cluster,
    components: {
      extender: componentClient(EXTENDER_PART, { ...place, url: config.extenderUrl }),
      recommender: componentClient(RECOMMENDER_PART, { ...place, url: config.recommenderUrl }),
      explainApp: (app) => readApp(connection, app, { cluster, namespace }),
    },
    clusterName: clusterName(config),
    clock,
    forecasts: {
      worker: new URL("./forecast-worker.ts", import.meta.url),
      settings: { apiServer: config.apiServer, kubeconfig: config.kubeconfig, context: config.context },
    },
    logger,
    host,
    port,
    hostNames: listed(config.hostNames),
  });
  cluster.start();
  return {
    urls: { ui: server.url },
    settle: async () => undefined,
    async stop() {
      await server.stop();
      await cluster.stop();
      await connection.close();
    },
  };
}

function clusterName({ clusterName: name, apiServer, context }: UiSettings): string {
  if (name !== "") return name;
  return apiServer ?? context ?? "this cluster";
}

function listed(text: string): readonly string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
