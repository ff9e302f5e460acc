// Berth in a real cluster: installed by its manifests, its processes under their own service accounts, called by the real
// kube-scheduler and kube-apiserver. One cluster for all cases, which build on each other in this order.

import { after, afterEach, before } from "node:test";
import { applyCases } from "./apply-cases.ts";
import { discoveryCases } from "./discovery-cases.ts";
import { doctorCases } from "./doctor-cases.ts";
import { explainCases } from "./explain-cases.ts";
import { failoverCases } from "./failover-cases.ts";
import { headroomCases } from "./headroom-cases.ts";
import { identityCases } from "./identity-cases.ts";
import { installCases } from "./install-cases.ts";
import { learnedCostCases } from "./learned-cost-cases.ts";
import { nominateCases } from "./nominate-cases.ts";
import { ownerCases } from "./owner-cases.ts";
import { pluginCases } from "./plugin-cases.ts";
import { preemptionExplainedCases } from "./preemption-explained-cases.ts";
import { placementCases } from "./placement-cases.ts";
import { preemptionCases } from "./preemption-cases.ts";
import { rightsCases } from "./rights-cases.ts";
import { sizingCases } from "./sizing-cases.ts";
import { TestCluster } from "./test-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";
import { uiCases } from "./ui-cases.ts";
import { vpaCases } from "./vpa-cases.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
/** What a new cluster has; placement-cases.ts adds the other nodes. */
const FIRST_NODES = 9;

let cluster: TestCluster | undefined;
let hasFailed = false;

before(async () => {
  const nodes = Array.from({ length: FIRST_NODES }, (_, index) => ({
    name: `first-${index}`,
    cpu: "8",
    memory: "16Gi",
  }));
  cluster = await TestCluster.start(tools, nodes);
});

afterEach((test) => {
  if ("passed" in test && !test.passed) hasFailed = true;
});

after(async () => {
  if (cluster === undefined) return;
  if (process.env["BERTH_E2E_KEEP"] === "1") await keptUntilSignal(cluster);
  const folder = await cluster.stop({ keepLogs: hasFailed });
  if (hasFailed) process.stderr.write(`the logs of this run are in ${folder}\n`);
});

function theCluster(): TestCluster {
  if (cluster === undefined) throw new Error("the cluster did not start");
  return cluster;
}

installCases(theCluster);
placementCases(theCluster);
preemptionCases(theCluster);
failoverCases(theCluster);
ownerCases(theCluster);
explainCases(theCluster);
uiCases(theCluster);
preemptionExplainedCases(theCluster);
pluginCases(theCluster);
headroomCases(theCluster);
applyCases(theCluster);
sizingCases(theCluster);
vpaCases(theCluster);
learnedCostCases(theCluster);
nominateCases(theCluster);
discoveryCases(theCluster);
identityCases(theCluster);
rightsCases(theCluster);
doctorCases(theCluster);

async function keptUntilSignal({ kubeconfig }: TestCluster): Promise<void> {
  process.stderr.write(`\nexport KUBECONFIG=${kubeconfig}\n\nThe cluster stays up until Ctrl-C.\n`);
  // Nothing else keeps the process alive while it waits.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  clearInterval(alive);
}
