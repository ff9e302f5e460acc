// Berth on a real node: kubelet, containerd, its own image, real control groups. One node for all cases, which build on
// each other in this order.

import { after, afterEach, before } from "node:test";
import { toolBinaries } from "#test/e2e/tool-binaries.ts";
import { installCases } from "./install-cases.ts";
import { kubeletCases } from "./kubelet-cases.ts";
import { NodeCluster } from "./node-cluster.ts";
import { metricsServerBinary } from "./metrics-server.ts";
import { nodeToolBinaries } from "./node-tools.ts";
import { protocolUpgradeCases } from "./protocol-upgrade-cases.ts";
import { resizeCases } from "./resize-cases.ts";
import { startUpCases } from "./start-up-cases.ts";
import { sweepCases } from "./sweep-cases.ts";
import { upgradeCases } from "./upgrade-cases.ts";
import { usageCases } from "./usage-cases.ts";

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const tools = await toolBinaries(progress);
const nodeTools = await nodeToolBinaries(progress);
const metricsServer = await metricsServerBinary(progress);
const isKept = process.env["BERTH_E2E_KEEP"] === "1";

let cluster: NodeCluster | undefined;
let hasFailed = false;

before(async () => {
  cluster = await NodeCluster.start(tools, nodeTools);
});

afterEach((test) => {
  if ("passed" in test && !test.passed) hasFailed = true;
});

after(async () => {
  if (cluster === undefined) return;
  if (isKept) await keptUntilSignal(cluster);
  await cluster.stop({ keepLogs: hasFailed });
});

function theCluster(): NodeCluster {
  if (cluster === undefined) throw new Error("the node did not start");
  return cluster;
}

installCases(theCluster, metricsServer);
startUpCases(theCluster);
sweepCases(theCluster);
upgradeCases(theCluster);
protocolUpgradeCases(theCluster);
resizeCases(theCluster);
usageCases(theCluster);
kubeletCases(theCluster);

async function keptUntilSignal({ kubeconfig }: NodeCluster): Promise<void> {
  process.stderr.write(`\nexport KUBECONFIG=${kubeconfig}\n\nThe node stays up until Ctrl-C.\n`);
  // Nothing else keeps the process alive while it waits.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  clearInterval(alive);
}
