// A whole proxy with three apps, one of them in a process of its own, whose parts can be killed one by one. In place of
// kubelet it starts the proxy again; in place of the kernel it takes everything down with the supervisor, which is the
// first process of its container.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { ApiGate } from "#proxy/testing/api-gate.ts";
import { FAULT_SOCKET_VARIABLE } from "#proxy/testing/fault-socket.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { type ProtocolApp, startProtocolApp } from "#test/load/protocol-app.ts";

import { childrenOf } from "./process-tree.ts";

const ENTRY = fileURLToPath(new URL("../../proxy/testing/faulty-proxy.ts", import.meta.url));
export const HOST = "127.0.0.1";
const NAMESPACE = "default";
export const APPS = ["victim", "walled", "bystander"] as const;
export type App = (typeof APPS)[number];

export class KillBed {
  readonly ports = new Map<string, number>();
  readonly gate: ApiGate;
  readonly #api: LoopbackApi;
  readonly #app: ProtocolApp;
  readonly #socketPath = join(tmpdir(), `berth-bench-kills-${process.pid}`);
  readonly #controlPort: number;
  #proxy: ChildProcess | undefined;

  static async start(): Promise<KillBed> {
    const api = new LoopbackApi({ clock: systemClock() });
    const { url } = await api.listen({ host: HOST, port: 0 });
    const gate = new ApiGate(url);
    await gate.open();
    const bed = new KillBed({
      api,
      gate,
      app: await startProtocolApp("app"),
      controlPort: await freePort(HOST),
    });
    for (const app of APPS) await bed.join(app, app === "walled" ? { isolation: "process" } : {});
    await bed.startProxy();
    return bed;
  }

  private constructor({ api, gate, app, controlPort }: KillBedParts) {
    this.#api = api;
    this.gate = gate;
    this.#app = app;
    this.#controlPort = controlPort;
  }

  /** A pod of a new app, as the API server has it. @returns the app's inbound port. */
  async join(app: string, spec: { readonly isolation?: "process" } = {}): Promise<number> {
    const ports = { inbound: await freePort(HOST), outbound: await freePort(HOST) };
    this.#api.store.create("meshprofiles", {
      metadata: { name: app, namespace: NAMESPACE },
      spec,
      status: { ports },
    });
    this.#api.store.create("pods", {
      metadata: {
        name: `${app}-1`,
        namespace: NAMESPACE,
        labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: app },
      },
      spec: { nodeName: "node-1", containers: [{ name: app, ports: [{ containerPort: this.#app.port }] }] },
      status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
    });
    this.ports.set(app, ports.inbound);
    return ports.inbound;
  }

  leave(app: string): void {
    this.#api.store.delete("pods", { namespace: NAMESPACE, name: `${app}-1` });
    this.#api.store.delete("meshprofiles", { namespace: NAMESPACE, name: app });
    this.ports.delete(app);
  }

  /** Resolves once it is ready. */
  async startProxy(): Promise<void> {
    const flags = [
      "--node-name=node-1",
      `--node-address=${HOST}`,
      `--api-server=${this.gate.url}`,
      `--control-port=${this.#controlPort}`,
      "--linger-seconds=0",
      "--log-level=silent",
    ];
    const proxy = spawn(process.execPath, [ENTRY, ...flags], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, [FAULT_SOCKET_VARIABLE]: this.#socketPath },
    });
    this.#proxy = proxy;
    // The channel has the proxy end with the bench, whatever ends the bench.
    await once(proxy, "message");
  }

  /** As a fault of our own code that ends the app's thread. */
  async killThread(app: App): Promise<void> {
    const orders = connect(this.#socketPath);
    orders.on("error", () => undefined);
    await once(orders, "connect");
    orders.end(`${JSON.stringify({ app: `${NAMESPACE}/${app}`, fault: "throw" })}\n`);
  }

  /** The process of the app that has one for itself. */
  killInstanceProcess(): void {
    process.kill(
      this.#child((command) => !isHost(command)),
      "SIGKILL",
    );
  }

  killHost(): void {
    process.kill(this.#child(isHost), "SIGKILL");
  }

  /** And all that is in the same container with it. Resolves once the next one, started at once, is ready. */
  async killSupervisor(): Promise<void> {
    const proxy = this.#proxy;
    if (proxy?.pid === undefined) throw new Error("no proxy runs");
    const children = childrenOf(proxy.pid);
    const ended = once(proxy, "exit");
    proxy.kill("SIGKILL");
    for (const { pid } of children) process.kill(pid, "SIGKILL");
    await ended;
    await this.startProxy();
  }

  async stop(): Promise<void> {
    const proxy = this.#proxy;
    if (proxy !== undefined) {
      const ended = once(proxy, "exit");
      proxy.kill("SIGTERM");
      await ended;
    }
    this.#app.stop();
    this.gate.shut();
    await this.#api.close();
  }

  #child(isIt: (command: string) => boolean): number {
    const found = childrenOf(this.#proxy?.pid ?? 0).find(({ command }) => isIt(command));
    if (found === undefined) throw new Error("the supervisor has no such child");
    return found.pid;
  }
}

interface KillBedParts {
  readonly api: LoopbackApi;
  readonly gate: ApiGate;
  readonly app: ProtocolApp;
  readonly controlPort: number;
}

function isHost(command: string): boolean {
  return command.includes("-host.ts");
}
