// What apps cost in one shared proxy: memory, time until they are served, connections; beside as many proxies of the same
// kind as there are pods.

import { median } from "simple-statistics";

import { UsageError } from "#runtime/usage-error.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { startLoadProcess } from "./sharing/load-process.ts";
import type { LoadProcess } from "./sharing/load-process.ts";
import { pause, processCpuSeconds, processMemoryBytes, SharedNode } from "./sharing/shared-node.ts";

export const densityBench: Bench = {
  summary: "memory, start and connections of many apps in one proxy, beside a proxy per pod",
  run,
};

interface Depth {
  readonly apps: number;
  readonly podsPerApp: number;
  readonly busySeconds: number;
}

const FULL: Depth = { apps: 20, podsPerApp: 3, busySeconds: 15 };
const QUICK: Depth = { apps: 3, podsPerApp: 2, busySeconds: 2 };
const BUSY_PER_SECOND = 1_000;
/** For garbage of the start to be collected. */
const SETTLE_MS = 3_000;
const CONNECTION_SECONDS = 3;
const CONNECTION_PER_SECOND = 100;

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`density takes no ${unknown}`);
  const depth = isQuick ? QUICK : FULL;
  const app = startLoadProcess();
  const port = await appPort(app);
  const shared = await measureShared(depth, { app, port, progress });
  progress(`shared: ${JSON.stringify(shared)}`);
  const sidecars = await measureSidecars(depth, { app, port, progress });
  progress(`a proxy per pod: ${JSON.stringify(sidecars)}`);
  app.kill();
  const { connections, ...rest } = shared;
  const figures = {
    ...depth,
    ...rest,
    sidecarBytes: sidecars.bytes,
    sidecarWithSupervisorBytes: sidecars.withSupervisorBytes,
    totalRatio: Math.round((shared.totalBytes / sidecars.bytes) * 1000) / 1000,
    connections: { shared: connections, perPod: sidecars.connections },
  };
  return { figures, table: tableOf(figures) };
}

interface Backend {
  readonly app: LoadProcess;
  readonly port: number;
  readonly progress: BenchOptions["progress"];
}

async function measureShared(depth: Depth, { app, port, progress }: Backend) {
  const node = await SharedNode.start();
  const { hostPid, supervisorPid } = node;
  await pause(SETTLE_MS);
  const emptyBytes = processMemoryBytes(hostPid);
  const names = Array.from({ length: depth.apps }, (_, index) => `app-${index}`);
  const readyMs: number[] = [];
  const secondPodMs: number[] = [];
  const ports = new Map<string, number>();
  for (const name of names) {
    const { inbound } = await node.addApp(name);
    ports.set(name, inbound);
    // The watch has to have brought the ports, as it has long before an app's first pod comes to a node.
    await pause(SETTLE_PROFILE_MS);
    const startedMs = performance.now();
    await node.hookPod(name, port);
    await node.untilServing(name);
    readyMs.push(performance.now() - startedMs);
  }
  await pause(SETTLE_MS);
  const idleInstanceBytes = Math.round((processMemoryBytes(hostPid) - emptyBytes) / depth.apps);
  progress(`idle: ${Math.round(idleInstanceBytes / MIB)} MiB per instance`);
  for (const name of names) {
    for (let pod = 1; pod < depth.podsPerApp; pod++) {
      const startedMs = performance.now();
      await node.hookPod(name, port);
      secondPodMs.push(performance.now() - startedMs);
    }
  }
  await pause(SETTLE_MS);
  const totalBytes = processMemoryBytes(hostPid) + processMemoryBytes(supervisorPid);
  const attributed = await attribution(node, { depth, ports: [...ports.values()] });
  const busyInstanceBytes = await busyBytes(node, {
    depth,
    port: ports.get("app-0") ?? 0,
    idleInstanceBytes,
  });
  const connections = await sharedConnections(node, { app, port });
  await node.stop();
  return {
    emptyBytes,
    idleInstanceBytes,
    busyInstanceBytes,
    instanceReadyMs: Math.round(median(readyMs)),
    secondPodMs: Math.round(median(secondPodMs) * 10) / 10,
    totalBytes,
    ...attributed,
    connections,
  };
}

const MIB = 1024 ** 2;
const SETTLE_PROFILE_MS = 20;

/** One instance at a thousand requests per second, the others idle. */
async function busyBytes(
  { hostPid }: SharedNode,
  {
    depth,
    port,
    idleInstanceBytes,
  }: { readonly depth: Depth; readonly port: number; readonly idleInstanceBytes: number },
): Promise<number> {
  const client = startLoadProcess();
  const before = processMemoryBytes(hostPid);
  const heard = client.hear("steady");
  client.tell({ kind: "steady", port, perSecond: BUSY_PER_SECOND, seconds: depth.busySeconds });
  await pause(depth.busySeconds * 900);
  const bytes = processMemoryBytes(hostPid) - before + idleInstanceBytes;
  await heard;
  client.kill();
  return Math.round(bytes);
}

/** Of the process's CPU under load and of its memory, what was measured in instances' own threads. */
async function attribution(
  node: SharedNode,
  { depth, ports }: { readonly depth: Depth; readonly ports: readonly number[] },
) {
  const clients = ports.slice(0, LOADED_APPS).map((port) => ({ port, client: startLoadProcess() }));
  const before = await account(node);
  const heard = clients.map(({ port, client }) => {
    const answer = client.hear("steady");
    client.tell({ kind: "steady", port, perSecond: LOADED_PER_SECOND, seconds: depth.busySeconds });
    return answer;
  });
  await Promise.all(heard);
  const after = await account(node);
  for (const { client } of clients) client.kill();
  return {
    attributedCpuShare: share(
      after.instancesCpuSeconds - before.instancesCpuSeconds,
      after.cpuSeconds - before.cpuSeconds,
    ),
    attributedMemoryShare: share(after.instancesMemoryBytes, after.memoryBytes),
  };
}

const LOADED_APPS = 4;
const LOADED_PER_SECOND = 500;

async function account(node: SharedNode) {
  const instances = await node.instances();
  return {
    cpuSeconds: processCpuSeconds(node.hostPid),
    instancesCpuSeconds: instances.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    memoryBytes: processMemoryBytes(node.hostPid),
    instancesMemoryBytes: instances.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}

/** Three pods of an app that call the same destination through their node's proxy. */
async function sharedConnections(
  node: SharedNode,
  { app, port }: Omit<Backend, "progress">,
): Promise<number> {
  const { outbound } = await node.addApp("caller");
  node.addPod("caller", port);
  await node.untilServing("caller");
  return callAll([outbound, outbound, outbound], { app, port });
}

async function callAll(
  proxies: readonly number[],
  { app, port }: Omit<Backend, "progress">,
): Promise<number> {
  const before = await counted(app);
  const target = `http://127.0.0.1:${port}/`;
  const clients = proxies.map((proxy) => ({ proxy, client: startLoadProcess() }));
  const heard = clients.map(({ proxy, client }) => {
    const answer = client.hear("steady");
    client.tell({
      kind: "steady",
      port: proxy,
      perSecond: CONNECTION_PER_SECOND,
      seconds: CONNECTION_SECONDS,
      target,
    });
    return answer;
  });
  const reports = await Promise.all(heard);
  for (const { client } of clients) client.kill();
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  if (failed > 0) throw new Error(`${failed} calls through the proxy failed`);
  return (await counted(app)) - before;
}

async function counted(app: LoadProcess): Promise<number> {
  const heard = app.hear("counted");
  app.tell({ kind: "count" });
  return (await heard).connectionsOpened;
}

async function measureSidecars(depth: Depth, { app, port, progress }: Backend) {
  const nodes: SharedNode[] = [];
  const outbounds: number[] = [];
  for (let pod = 0; pod < depth.apps * depth.podsPerApp; pod++) {
    const node = await SharedNode.start();
    nodes.push(node);
    outbounds.push((await node.addApp("app")).outbound);
    node.addPod("app", port);
    await node.untilServing("app");
    if (pod % 10 === 9) progress(`${pod + 1} proxies of a pod each`);
  }
  await pause(SETTLE_MS);
  // Kubelet restarts a sidecar: of each proxy only the process that carries traffic counts.
  const bytes = nodes.reduce((sum, { hostPid }) => sum + processMemoryBytes(hostPid), 0);
  const supervisors = nodes.reduce((sum, { supervisorPid }) => sum + processMemoryBytes(supervisorPid), 0);
  const connections = await callAll(outbounds.slice(0, 3), { app, port });
  await Promise.all(nodes.map((node) => node.stop()));
  return { bytes, withSupervisorBytes: bytes + supervisors, connections };
}

async function appPort(app: LoadProcess): Promise<number> {
  const heard = app.hear("listening");
  app.tell({ kind: "app" });
  return (await heard).port;
}

function share(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 1000;
}

type DensityFigures = Depth & {
  readonly idleInstanceBytes: number;
  readonly busyInstanceBytes: number;
  readonly instanceReadyMs: number;
  readonly secondPodMs: number;
  readonly totalBytes: number;
  readonly sidecarBytes: number;
  readonly totalRatio: number;
  readonly connections: { readonly shared: number; readonly perPod: number };
  readonly attributedCpuShare: number;
  readonly attributedMemoryShare: number;
};

function tableOf(figures: DensityFigures): string {
  const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;
  const percent = (part: number): string => `${Math.round(part * 1000) / 10} %`;
  const pods = figures.apps * figures.podsPerApp;
  return [
    `an idle instance           ${mib(figures.idleInstanceBytes)}, at ${BUSY_PER_SECOND} requests per second ${mib(figures.busyInstanceBytes)}`,
    `ready after                ${figures.instanceReadyMs} ms; another pod of the app after ${figures.secondPodMs} ms`,
    `${figures.apps} apps × ${figures.podsPerApp} pods          ${mib(figures.totalBytes)} shared, ${mib(figures.sidecarBytes)} in ${pods} proxies (${figures.totalRatio}×)`,
    `connections of three pods  ${figures.connections.shared} shared, ${figures.connections.perPod} each on its own`,
    `charged before spreading   ${percent(figures.attributedCpuShare)} of the CPU, ${percent(figures.attributedMemoryShare)} of the memory`,
  ].join("\n");
}
