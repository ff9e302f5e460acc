// What README and guides tell people to type, typed as it stands: from a cluster without Berth over installation, wiring,
// upgrade and trouble to its removal. test/docs/shell-commands.ts says which commands are this suite's; all of them are
// typed here, or by the suite that is named below.

import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodePod } from "#kube/decode-pod.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { type PlannedCommand, shellCommands } from "../docs/shell-commands.ts";
import { TypingFolder } from "../docs/typing-folder.ts";
import { MetricsApi } from "./metrics-api.ts";
import { LOCAL_NODE, TestCluster } from "./test-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const BERTH = fileURLToPath(new URL("../../cli/berth.ts", import.meta.url));
const README = "README.md";
const MANIFESTS = "manifests/README.md";
const guide = (name: string): string => `docs/guides/${name}.md`;
/** By storage-version.e2e.ts, where there is a second version. */
const ELSEWHERE = new Set([`${guide("upgrade")} 4`]);
const SHOP = "shop";

const commands = shellCommands().filter(({ run }) => run === "cluster");
const typed = new Set<PlannedCommand>();
let cluster: TestCluster;
let folder: TypingFolder;
let metrics: MetricsApi;
let hasFailed = false;

before(async () => {
  const nodes = [{ name: "node-7", cpu: "16", memory: "32Gi" }];
  cluster = await TestCluster.start(tools, nodes, { asksProxies: true });
  // What a cluster has, and the doctor misses where it has not.
  metrics = await MetricsApi.serve(cluster, (request) => request);
  folder = new TypingFolder();
  const programs = join(folder.path, "programs");
  mkdirSync(programs);
  symlinkSync(tools.kubectl, join(programs, "kubectl"));
  writeFileSync(join(programs, "berth"), `#!/bin/sh\nexec "${process.execPath}" "${BERTH}" "$@"\n`, {
    mode: 0o755,
  });
});

afterEach((context) => {
  if ("passed" in context && !context.passed) hasFailed = true;
});

after(async () => {
  folder[Symbol.dispose]();
  metrics.close();
  const logs = await cluster.stop({ keepLogs: hasFailed });
  if (hasFailed) process.stderr.write(`the logs of this run are in ${logs}\n`);
});

test("a namespace for Helm, and what it leaves", async () => {
  await type(guide("install"), 3);
  await type(guide("upgrade"), 0);
  await type(guide("uninstall"), 2);
});

test("sized, installed and wired", async () => {
  await type(guide("size-a-cluster"), 0);
  await type(guide("install"), 0);
  await type(README, 3);
  await type(guide("wire-the-scheduler"), 0);
  await cluster.wireScheduler();
});

test("verified by a pod of the mesh, and by the doctor", async () => {
  await cluster.kubectl("create", "namespace", SHOP);
  await cluster.kubectl("label", "namespace", SHOP, "berth.dev/mesh=enabled");
  await addApps();
  await type(guide("install"), 1);
  await typeUntilWell(guide("install"), 2);
});

test("a profile is released, taken back, and an instance restarted", async () => {
  // Four versions that settled: what they change does not matter.
  for (const connections of [400, 300, 200, 100]) await released(connections);
  await type(guide("release-a-profile"), 0);
  await type(guide("release-a-profile"), 1);
  await type(guide("release-a-profile"), 2);
});

test("looked into by symptom, and pods let go", async () => {
  for (const block of [0, 1, 2]) await type(guide("troubleshoot"), block);
  await type(MANIFESTS, 0);
  await type(MANIFESTS, 1);
});

test("upgraded and rolled back", async () => {
  await type(guide("upgrade"), 1);
  await typeUntilWell(guide("upgrade"), 2);
  await type(guide("upgrade"), 3);
});

test("with what can be added", async () => {
  await type(guide("network-policies"), 0);
  await type(guide("bring-your-own-proxy"), 0);
  await type(guide("wire-the-scheduler"), 1);
});

test("simulated, and run as a Job", async () => {
  for (const block of [0, 1, 2, 3, 4]) await type(guide("simulate"), block);
});

test("started without a cluster", async () => {
  await type(README, 1, ([replayed = "", ...others]) => {
    assert.match(replayed, /^npm start -- --trace/);
    // It goes on until Ctrl-C. The others take a smaller fleet than the 2,000 pods that they have by default.
    const smaller = others.map((text) => `${text} --nodes 10 --pods 100`);
    return [`timeout --preserve-status --signal=INT 15 ${replayed} || [ $? = 130 ]`, ...smaller];
  });
});

test("uninstalled", async () => {
  for (const block of [0, 1, 3, 4]) await type(guide("uninstall"), block);
});

test("every command that is this suite's was typed", (t) => {
  const left = commands.filter(
    (command) => !typed.has(command) && !ELSEWHERE.has(`${command.document} ${command.block}`),
  );
  assert.deepEqual(
    left.map(({ document, text }) => `${document}: ${text}`),
    [],
  );
  t.diagnostic(`${typed.size} commands typed, ${commands.length - typed.size} by storage-version.e2e.ts`);
});

/** Types this suite's commands of a document's block, in one shell. */
async function type(
  document: string,
  block: number,
  lines: (texts: readonly string[]) => readonly string[] = (texts) => texts,
): Promise<void> {
  const mine = commands.filter((command) => command.document === document && command.block === block);
  assert.ok(mine.length > 0, `${document} has no commands in block ${block}`);
  const path = `${join(folder.path, "programs")}:${process.env["PATH"] ?? ""}`;
  const script = lines(mine.map(({ text }) => text)).join("\n");
  await folder.type(script, { PATH: path, KUBECONFIG: cluster.kubeconfig, NO_COLOR: "1" });
  for (const command of mine) typed.add(command);
}

/** The doctor's, whose exit code is 1 while anything is not as it should be: a change of leaders, a webhook that was slow. */
async function typeUntilWell(document: string, block: number): Promise<void> {
  let last: unknown;
  const isTyped = (): Promise<boolean> =>
    type(document, block).then(
      () => true,
      (error: unknown) => {
        last = error;
        return false;
      },
    );
  await cluster.until(isTyped, "the doctor to find no fault").catch((error: Error) => {
    throw new Error(`${error.message}: ${String(last)}`, { cause: error });
  });
}

async function addApps(): Promise<void> {
  const containers = [
    { name: "app", image: "example", resources: { requests: { cpu: "100m", memory: "128Mi" } } },
  ];
  const labels = { "berth.dev/app": "cart" };
  // On the node whose proxy is real and tells how a release does.
  const nodeSelector = { "kubernetes.io/hostname": LOCAL_NODE };
  await cluster.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "cart-0", namespace: SHOP, labels },
    spec: { nodeSelector, containers, terminationGracePeriodSeconds: 0 },
  });
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: SHOP },
    spec: {
      selector: { matchLabels: { "berth.dev/app": "web" } },
      template: { metadata: { labels: { "berth.dev/app": "web" } }, spec: { containers } },
    },
  });
  await cluster.until(
    async () => (await cluster.pods(SHOP)).map(decodePod).every(({ nodeName }) => nodeName !== undefined),
    "the apps to be placed",
  );
}

async function released(connections: number): Promise<void> {
  const path = resourcePath({ ...MESH_PROFILES, namespace: SHOP, name: "cart" });
  const spec = { quota: { connections }, rollout: { pauseSeconds: 0 } };
  await cluster.connection.patch(path, { spec }, { type: "merge" });
  await cluster.until(async () => {
    const { status } = (await cluster.connection.get(path)) as {
      readonly status?: { readonly release?: { readonly phase: string; readonly settled: object } };
    };
    const { phase, settled } = status?.release ?? {};
    return phase === "Settled" && JSON.stringify(settled).includes(`"connections":${connections}`);
  }, `the release of ${connections} connections`);
}
