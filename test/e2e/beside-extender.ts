// The static pod's extender as a process of this machine: its own arguments, with the kubeconfig of its user and free
// ports.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { freePort } from "#cli/start/free-port.ts";
import { type ControlPlane, HOST } from "./control-plane.ts";
import { LoggedProcess } from "./logged-process.ts";

const STATIC_POD = new URL("../../manifests/kube-scheduler/static-pod.yaml", import.meta.url);
const BERTH = fileURLToPath(new URL("../../cli/berth.ts", import.meta.url));
const READY_MS_MAX = 120_000;

interface StaticPod {
  readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] };
}

export interface BesideExtender {
  /** Of its verbs. */
  readonly url: string;
  readonly process: LoggedProcess;
  /** How many decisions it has taken. */
  decisions(): Promise<number>;
}

export async function startBesideExtender(controlPlane: ControlPlane): Promise<BesideExtender> {
  const [{ args }] = (parse(readFileSync(STATIC_POD, "utf8")) as StaticPod).spec.containers;
  const [port, operationsPort] = [await freePort(HOST), await freePort(HOST)];
  const kubeconfig = controlPlane.kubeconfigOf("berth:scheduler-extender-verbs");
  const process_ = new LoggedProcess("the extender beside kube-scheduler", process.execPath, {
    args: [
      BERTH,
      ...args.map((arg) => arg.replace(/^--kubeconfig=.*$/, `--kubeconfig=${kubeconfig}`)),
      `--port=${port}`,
      `--operations-port=${operationsPort}`,
    ],
    logFile: join(controlPlane.files.folder, "extender-beside.log"),
  });
  const operations = `http://${HOST}:${operationsPort}`;
  await process_.ready(async () => (await fetch(`${operations}/readyz`)).ok, READY_MS_MAX);
  return {
    url: `http://${HOST}:${port}`,
    process: process_,
    decisions: () => decisionsOf(operations),
  };
}

/** How many pods the extender was asked about whose health and metrics are at this URL. */
export async function decisionsOf(operations: string): Promise<number> {
  const text = await (await fetch(`${operations}/metrics`)).text();
  const counts = [...text.matchAll(/^berth_extender_decisions_total(?:\{.*\})? (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
