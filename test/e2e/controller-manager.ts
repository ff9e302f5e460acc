// kube-controller-manager: ReplicaSets, DaemonSets, service accounts, EndpointSlices, the node lifecycle.

import { freePort } from "#cli/start/free-port.ts";
import { type ControlPlane, HOST } from "./control-plane.ts";
import { answersTls } from "./answers-tls.ts";

// Ten times the defaults: 500 new nodes are a day's growth elsewhere, and the first minute of this suite.
const CLIENT_RATE = ["--kube-api-qps=200", "--kube-api-burst=300"];
const READY_MS_MAX = 120_000;

/**
 * @throws Error with the end of its log if it does not get ready.
 */
export async function startControllerManager(controlPlane: ControlPlane): Promise<void> {
  const port = await freePort(HOST);
  const { files } = controlPlane;
  const kubeconfig = controlPlane.kubeconfigOf("system:kube-controller-manager");
  const manager = controlPlane.spawn("kube-controller-manager", [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${HOST}`,
    `--secure-port=${port}`,
    `--cert-dir=${files.folder}/controller-manager-certificates`,
    "--authorization-always-allow-paths=/healthz,/readyz,/livez",
    "--use-service-account-credentials=true",
    ...CLIENT_RATE,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.ca}`,
    // The nodes have no kubelet that would renew their leases.
    "--node-monitor-grace-period=24h",
  ]);
  await manager.ready(() => answersTls(`https://${HOST}:${port}/healthz`), READY_MS_MAX);
}
