// A pod of Berth's as a process: the container's arguments and environment as kubelet would make them, with its ports
// replaced by free ones and the service account's files by a folder of its own.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "#cli/start/free-port.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { type ControlPlane, HOST, kubeconfig, writeJson } from "./control-plane.ts";
import { LoggedProcess } from "./logged-process.ts";
import { type MountingPod, MountedVolumes } from "./pod-mounts.ts";
import { startSchedulerPod } from "./scheduler-pod.ts";
import type { PodProcess } from "./running-pod.ts";
import type { ServiceNetwork } from "./service-network.ts";

export interface ApiPodToRun {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: Omit<MountingPod["spec"], "containers"> & {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
  };
}

interface Container {
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly name: string;
  readonly image: string;
  readonly resources?: object;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
  }[];
  readonly readinessProbe?: { readonly httpGet?: { readonly path?: string; readonly port: number | string } };
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

const SOURCE = fileURLToPath(new URL("../..", import.meta.url));
/** What each component listens on unless told otherwise, and the flag that tells it. */
const PORT_FLAGS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "scheduler-extender": { "--port": 9443, "--operations-port": 9090 },
  "vpa-recommender": { "--operations-port": 9091 },
  proxy: { "--control-port": 9092 },
  ui: { "--port": 8080 },
};
/** What the suite has no time to wait for: a dozen readings of usage, one a minute. */
const HURRY_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "vpa-recommender": ["--usage-interval-seconds", "1"],
};
/** Proxies whose addresses are only names here, so that nobody asks them. */
const UNASKED_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "vpa-recommender": ["--proxy-usage-port", "0"],
};
const READY_MS_MAX = 120_000;

/** How components are run, where a suite wants it otherwise. */
export interface ComponentRun {
  /** Image → folder of the sources in it; any other image holds those of this folder. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Has the recommender ask the proxies for their instances, as in a cluster; only those of the local node answer. */
  readonly asksProxies?: boolean;
}

export interface PodStart extends ComponentRun {
  /** Of its service account. */
  readonly token: string;
  /** Times that it was started before: each leaves a log of its own. */
  readonly restarts: number;
  /** An administrator's, for what is mounted. */
  readonly connection: KubeConnection;
  readonly network: ServiceNetwork;
  /** Path of kube-scheduler, for a pod that is one. */
  readonly kubeScheduler: string;
}

/** @throws Error if the pod is not one that this runner can run. */
export async function startPodProcess(
  controlPlane: ControlPlane,
  pod: ApiPodToRun,
  start: PodStart,
): Promise<PodProcess> {
  const [container] = pod.spec.containers;
  const folder = join(controlPlane.files.folder, pod.metadata.uid);
  mkdirSync(folder, { recursive: true });
  if (container?.command?.[0] === "kube-scheduler")
    return schedulerProcess(controlPlane, pod, { ...start, folder, args: container.args ?? [] });
  const component = container?.args?.[0] ?? "";
  const flags = PORT_FLAGS[component];
  if (container === undefined || flags === undefined)
    throw new Error(`${pod.metadata.name} runs no component`);
  const volumes = await MountedVolumes.mount(start.connection, pod, folder);
  const localPorts = new Map<number, number>();
  const portArgs: string[] = [];
  for (const [flag, port] of Object.entries(flags)) {
    const local = await freePort(HOST);
    localPorts.set(port, local);
    portArgs.push(flag, String(local));
  }
  const env = environmentOf(pod, container);
  const args = (container.args ?? []).map((arg) => volumes.placed(expand(arg, env)));
  const access = accountFiles(controlPlane, { folder, token: start.token, component });
  const logFile = logFileOf(controlPlane, pod, start);
  const process_ = new LoggedProcess(pod.metadata.name, process.execPath, {
    args: [
      join(start.sources?.get(container.image) ?? SOURCE, "cli/berth.ts"),
      ...args,
      ...portArgs,
      ...(HURRY_FLAGS[component] ?? []),
      ...(start.asksProxies === true ? [] : (UNASKED_FLAGS[component] ?? [])),
      ...access.args,
    ],
    env: { ...env, ...access.env },
    logFile,
  });
  volumes.follow(process_.exited);
  return {
    process: process_,
    localPorts,
    async ready() {
      const probe = container.readinessProbe?.httpGet;
      if (probe === undefined) return;
      const port = typeof probe.port === "number" ? probe.port : portNamed(container, probe.port);
      const url = `http://${HOST}:${localPorts.get(port)}${probe.path ?? "/"}`;
      await process_.ready(async () => (await fetch(url)).ok, READY_MS_MAX);
    },
  };
}

function logFileOf(
  { files }: ControlPlane,
  { metadata }: ApiPodToRun,
  { restarts }: Pick<PodStart, "restarts">,
): string {
  const name = [metadata.name, ...(restarts === 0 ? [] : [restarts])].join("-");
  return join(files.folder, `${name}.log`);
}

interface SchedulerStart extends PodStart {
  readonly folder: string;
  readonly args: readonly string[];
}

async function schedulerProcess(
  controlPlane: ControlPlane,
  pod: ApiPodToRun,
  { folder, args, network, connection, kubeScheduler, ...start }: SchedulerStart,
): Promise<PodProcess> {
  const volumes = await MountedVolumes.mount(connection, pod, folder);
  const placeOf = (path: string): string => volumes.placed(path);
  const { env } = accountFiles(controlPlane, { folder, token: start.token, component: "kube-scheduler" });
  const started = await startSchedulerPod({
    program: kubeScheduler,
    name: pod.metadata.name,
    folder,
    logFile: logFileOf(controlPlane, pod, start),
    args: args.map(placeOf),
    kubeconfig: env["KUBECONFIG"] ?? "",
    placeOf,
    reach: (url) => network.reach(url),
  });
  volumes.follow(started.process.exited);
  return started;
}

function portNamed({ ports = [] }: Container, name: string): number {
  const port = ports.find((candidate) => candidate.name === name)?.containerPort;
  if (port === undefined)
    throw new Error(`the probe names the port ${name}, which the container does not have`);
  return port;
}

// The pod's own address is loopback to its process, whatever the cluster calls it.
function environmentOf({ metadata, spec }: ApiPodToRun, { env = [] }: Container): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName ?? "",
    "status.podIP": HOST,
    "status.hostIP": HOST,
  };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const path = valueFrom?.fieldRef?.fieldPath;
      if (path === undefined) return [name, value ?? ""];
      const field = fields[path];
      if (field === undefined) throw new Error(`env ${name}: no field ${path}`);
      return [name, field];
    }),
  );
}

/** `$(NAME)`, as kubelet expands it. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g,
    (reference, name: string) => env[name] ?? reference,
  );
}

interface Access {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

// In a pod these files lie under /var/run/secrets, which only a container's mount can provide.
function accountFiles(
  { url, files }: ControlPlane,
  {
    folder,
    token,
    component,
  }: { readonly folder: string; readonly token: string; readonly component: string },
): Access {
  if (component === "proxy") {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const { hostname, port } = new URL(url);
    return {
      args: ["--token-file", tokenFile, "--ca-file", files.ca],
      env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    };
  }
  const cluster = { server: url, "certificate-authority": files.ca };
  return {
    args: [],
    env: { KUBECONFIG: writeJson({ folder }, "kubeconfig", kubeconfig({ cluster, user: { token } })) },
  };
}
