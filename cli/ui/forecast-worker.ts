// The thread of one forecast: reads the cluster as `berth plan` does, with the apps' profiles and the nodes' corrections
// as they are now, and tells what it finds as it finds it.

import { parentPort, workerData } from "node:worker_threads";
import { connect } from "#kube/connect.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { savingsOf } from "#sim/plan/savings.ts";
import { whatIf } from "#sim/plan/what-if.ts";
import { carrierName } from "#web/policy/savings.ts";
import type { ForecastTask, FromForecast } from "#web/shell/forecast-task.ts";
import { forecastCluster } from "./forecast-cluster.ts";
import type { UiSettings } from "./ui-settings.ts";

interface WorkerData {
  readonly task: ForecastTask;
  readonly settings: Pick<UiSettings, "apiServer" | "kubeconfig" | "context">;
}

/** Of the order in which apps are placed; the same each time, so that equal clusters give equal answers. */
const SEED = 1;
/** Progress is told this often at most. */
const TELL_MS = 250;

const { task, settings } = workerData as WorkerData;
let toldAtMs = 0;

try {
  await work();
  tell({ kind: "done" });
} catch (error) {
  if (error instanceof UsageError)
    tell({ kind: "refused", message: error.message, mend: "Ask for something that is there." });
  else if (error instanceof OperationError)
    tell({
      kind: "refused",
      message: `The cluster was not read: ${error.message}`,
      mend: "Check that the API server is reached and lets pods, nodes and profiles be listed.",
    });
  else throw error;
}

async function work(): Promise<void> {
  const connection = await connect(settings, "berth-ui-forecast");
  try {
    progress("reading the cluster", 0, 0);
    const { cluster, ground, proxyBase } = await forecastCluster(connection, (objects) =>
      progress("reading the cluster", objects, 0),
    );
    tell({ kind: "ground", ground });
    const options = { proxyBase, seed: SEED };
    if (task.kind === "whatIf") {
      const onProgress = (done: number, of: number): void => progress("placing pods", done, of);
      tell({
        kind: "finding",
        finding: { kind: "whatIf", whatIf: whatIf(cluster, task.change, { ...options, onProgress }) },
      });
      return;
    }
    let what = "";
    const onProgress = (done: number, of: number): void => progress(what, done, of);
    for (const part of savingsOf(cluster, { ...options, onProgress })) {
      if (part.kind === "begins") {
        // Minutes each in a large cluster: which of them it is tells that it goes on.
        what =
          part.what === "placing"
            ? "placing pods anew"
            : `finding the fewest nodes: ${carrierName(part.carrier)}`;
        toldAtMs = 0;
        progress(what, 0, 0);
      }
      tell({ kind: "finding", finding: { kind: "savings", part } });
    }
  } finally {
    await connection.close();
  }
}

function progress(what: string, done: number, of: number): void {
  const nowMs = performance.now();
  if (toldAtMs !== 0 && nowMs - toldAtMs < TELL_MS) return;
  toldAtMs = nowMs;
  tell({ kind: "progress", what, done, of });
}

function tell(message: FromForecast): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(message);
}
