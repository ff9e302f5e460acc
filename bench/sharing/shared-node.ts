// A node of the benches of sharing: the cluster's API in memory, and on it a whole proxy process with apps and quotas.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { SHARES_ANNOTATION } from "#model/shares.ts";
import type { Shares } from "#model/shares.ts";
import { sharesText } from "#kube/shares-annotation.ts";
import { systemClock } from "#runtime/clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

const HOST = "127.0.0.1";
const NODE = "node-1";
const PROXY_POD = "proxy-1";
const NAMESPACE = "default";
const MAIN = fileURLToPath(new URL("../../proxy/main.ts", import.meta.url));

export interface InstanceReport {
  readonly app: string;
  readonly state: string;
  readonly cpuSeconds: number;
  readonly restarts: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
  readonly replacements: number;
  readonly limits: { readonly cpuMilli?: number };
}

export interface BenchPorts {
  readonly inbound: number;
  readonly outbound: number;
}

export interface SharedNodeOptions {
  /** Instead of the proxy's own entry. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

export class SharedNode {
  readonly #api: LoopbackApi;
  #proxy: ChildProcess | undefined;
  #controlUrl = "";
  #pods = 0;

  private constructor(api: LoopbackApi) {
    this.#api = api;
  }

  static async start({ entry = MAIN, env = {}, flags = [] }: SharedNodeOptions = {}): Promise<SharedNode> {
    const api = new LoopbackApi({ clock: systemClock() });
    const { url } = await api.listen({ host: HOST, port: 0 });
    const node = new SharedNode(api);
    const proxy = spawn(
      process.execPath,
      [
        entry,
        `--node-name=${NODE}`,
        `--node-address=${HOST}`,
        `--api-server=${url}`,
        `--control-port=${await freePort(HOST)}`,
        "--log-level=silent",
        `--pod-name=${PROXY_POD}`,
        ...flags,
      ],
      { stdio: ["ignore", "ignore", "inherit", "ipc"], env: { ...process.env, ...env } },
    );
    node.#proxy = proxy;
    // The channel has the proxy end with the bench, whatever ends the bench.
    const [ready] = (await once(proxy, "message")) as [{ readonly controlUrl: string }];
    node.#controlUrl = ready.controlUrl;
    return node;
  }

  /** The app's ports. @param spec of its MeshProfile. */
  async addApp(name: string, spec: JsonObject = {}): Promise<BenchPorts> {
    const ports = { inbound: await freePort(HOST), outbound: await freePort(HOST) };
    this.#api.store.create("meshprofiles", {
      metadata: { name, namespace: NAMESPACE },
      spec,
      status: { ports },
    });
    return ports;
  }

  /** @returns the pod's name. */
  addPod(app: string, port: number): string {
    this.#pods += 1;
    const name = `${app}-${this.#pods}`;
    this.#api.store.create("pods", {
      metadata: { name, namespace: NAMESPACE, labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: app } },
      spec: { nodeName: NODE, containers: [{ name: app, ports: [{ containerPort: port }] }] },
      status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
    });
    return name;
  }

  /** As a pod's postStart hook does it. @returns once the proxy has answered. */
  async hookPod(app: string, port: number): Promise<void> {
    this.#pods += 1;
    const name = `${app}-${this.#pods}`;
    const pod = { uid: name, namespace: NAMESPACE, name, app: `${NAMESPACE}/${app}`, address: HOST, port };
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.#controlUrl}/v1/pods`, {
      method: "POST",
      headers,
      body: JSON.stringify(pod),
    });
    if (!answer.ok) throw new Error(`the hook was answered ${answer.status}: ${await answer.text()}`);
  }

  removePod(name: string): void {
    this.#api.store.delete("pods", { namespace: NAMESPACE, name });
  }

  setQuota(app: string, quota: JsonObject): void {
    const profile = this.#api.store.get("meshprofiles", { namespace: NAMESPACE, name: app });
    if (profile === undefined) throw new Error(`no profile of ${app}`);
    this.#api.store.update("meshprofiles", { ...profile, spec: { quota } });
  }

  /** As the recommender writes them onto the proxy's pod. */
  setShares(shares: Shares): void {
    const annotations = { [SHARES_ANNOTATION]: sharesText(shares) };
    const pod = this.#api.store.get("pods", { namespace: NAMESPACE, name: PROXY_POD });
    if (pod === undefined) {
      this.#api.store.create("pods", {
        metadata: { name: PROXY_POD, namespace: NAMESPACE, labels: { [PROXY_LABEL]: "" }, annotations },
        spec: { nodeName: NODE, containers: [{ name: "proxy" }] },
      });
      return;
    }
    this.#api.store.update("pods", { ...pod, metadata: { ...pod.metadata, annotations } });
  }

  async instances(): Promise<readonly InstanceReport[]> {
    const answer = await fetch(`${this.#controlUrl}/v1/instances`);
    return ((await answer.json()) as { readonly instances: readonly InstanceReport[] }).instances;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.#controlUrl}/metrics`)).text();
  }

  async untilServing(app: string): Promise<void> {
    for (;;) {
      const instances = await this.instances();
      if (
        instances.some((instance) => instance.app === `${NAMESPACE}/${app}` && instance.state === "serving")
      )
        return;
      await pause(TURN_MS);
    }
  }

  /** Of the process that hosts the instances; the supervisor's child. */
  get hostPid(): number {
    return childOf(this.#proxy?.pid ?? 0);
  }

  get supervisorPid(): number {
    return this.#proxy?.pid ?? 0;
  }

  async stop(): Promise<void> {
    const proxy = this.#proxy;
    if (proxy !== undefined) {
      const ended = once(proxy, "exit");
      proxy.kill("SIGTERM");
      setTimeout(() => proxy.kill("SIGTERM"), 200);
      await ended;
    }
    await this.#api.close();
  }
}

const TURN_MS = 2;

export async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}

function childOf(parent: number): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (parentOf(pid) === parent) return Number(pid);
  }
  throw new Error(`process ${parent} has no child`);
}

function parentOf(pid: string): number | undefined {
  try {
    const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    return Number(rest.split(" ")[1]);
  } catch {
    // The process ended while the list was read.
    return undefined;
  }
}

/** Memory of a process, what it shares with others in part. */
export function processMemoryBytes(pid: number): number {
  const [, kibibytes] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

/** CPU time of a process with all its threads, in seconds. */
export function processCpuSeconds(pid: number): number {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const fields = rest.split(" ");
  // Clock ticks of Linux are hundredths of a second wherever Node runs.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
