// A node with one pod of one app, of which the cluster's API tells every proxy that runs there.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { type ProtocolApp, startProtocolApp } from "#test/load/protocol-app.ts";

const MAIN = fileURLToPath(new URL("../../proxy/main.ts", import.meta.url));
export const HOST = "127.0.0.1";
const APP = "cart";
const NAMESPACE = "default";
/** What lasts is told to go after half of it: with the default of 30 s each change would take as long. */
const DRAIN_SECONDS = 3;

interface Ports {
  readonly control: number;
  readonly inbound: number;
}

export class BenchNode {
  readonly ports: Ports;
  readonly #api: LoopbackApi;
  readonly #url: string;
  readonly #app: ProtocolApp;

  static async start(): Promise<BenchNode> {
    const api = new LoopbackApi({ clock: systemClock() });
    const { url } = await api.listen({ host: HOST, port: 0 });
    const app = await startProtocolApp(APP);
    const inbound = await freePort(HOST);
    const outbound = await freePort(HOST);
    api.store.create("meshprofiles", {
      metadata: { name: APP, namespace: NAMESPACE },
      spec: {},
      status: { ports: { inbound, outbound } },
    });
    const labels = { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: APP };
    api.store.create("pods", {
      metadata: { name: `${APP}-1`, namespace: NAMESPACE, labels },
      spec: { nodeName: "node-1", containers: [{ name: APP, ports: [{ containerPort: app.port }] }] },
      status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
    });
    return new BenchNode({ api, url, app, ports: { control: await freePort(HOST), inbound } });
  }

  private constructor({ api, url, app, ports }: BenchNodeParts) {
    this.#api = api;
    this.#url = url;
    this.#app = app;
    this.ports = ports;
  }

  /** Once it is ready. */
  async startProxy(): Promise<ChildProcess> {
    const flags = [
      "--node-name=node-1",
      `--node-address=${HOST}`,
      `--api-server=${this.#url}`,
      `--control-port=${this.ports.control}`,
      `--drain-timeout-seconds=${DRAIN_SECONDS}`,
      "--log-level=silent",
    ];
    const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit").then(() => {
      throw new Error("a proxy ended before it was ready");
    });
    await Promise.race([once(child.stdout, "data"), ended]);
    ended.catch(() => undefined);
    return child;
  }

  /** Has the app's instance replaced by the next, as a changed quota of memory does it. */
  async restartInstance(memory: string): Promise<void> {
    const before = await this.#replacements();
    const profile = this.#api.store.get("meshprofiles", { namespace: NAMESPACE, name: APP });
    if (profile === undefined) throw new Error("the app has no profile");
    this.#api.store.update("meshprofiles", { ...profile, spec: { quota: { memory } } });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      this.#replacements().then((now) => (now > before ? resolve() : setTimeout(look, LOOK_MS)), reject);
    };
    look();
    await promise;
  }

  async stop(): Promise<void> {
    this.#app.stop();
    await this.#api.close();
  }

  async #replacements(): Promise<number> {
    const answer = await fetch(`http://${HOST}:${this.ports.control}/v1/instances`);
    const { instances } = (await answer.json()) as {
      readonly instances: readonly { readonly replacements: number }[];
    };
    return instances[0]?.replacements ?? 0;
  }
}

interface BenchNodeParts {
  readonly api: LoopbackApi;
  readonly url: string;
  readonly app: ProtocolApp;
  readonly ports: Ports;
}

const LOOK_MS = 10;

/** As kubelet ends a container. */
export async function endProxy(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
