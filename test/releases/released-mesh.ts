// A small mesh of whole processes on the loopback API: the real recommender, and a real proxy on each of a few nodes with
// a pod of one app. Requests come to every node all the time.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import { KubeConnection } from "#kube/connection.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { systemClock } from "#runtime/clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { freePort } from "#cli/start/free-port.ts";

const PATIENCE_MS = 30_000;
const TURN_MS = 20;
const LOAD_MS = 10;
const READY = [{ type: "Ready", status: "True" }];
const REPLACEMENTS = /^berth_proxy_instance_replacements_total\{app="shop\/cart"\} (\d+)$/m;
const PROFILE = { namespace: "shop", name: "cart" };
const PATH = resourcePath({ ...MESH_PROFILES, ...PROFILE });

/** What status.release says, as far as tests ask. */
export interface RecordedRelease {
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
  readonly settled: { readonly version: number };
  readonly target?: { readonly version: number };
  readonly firstNode?: string;
  readonly reach: number;
}

export interface MeshNode {
  readonly name: string;
  readonly address: string;
  /** Answers by status. */
  readonly answers: Map<number, number>;
}

export class ReleasedMesh {
  readonly nodes: readonly MeshNode[];
  readonly url: string;
  /** Every record, as the API server had it one after the other. */
  readonly records: RecordedRelease[] = [];
  readonly #api: LoopbackApi;
  readonly #connection: KubeConnection;
  readonly #ports: { readonly inbound: number; readonly usage: number };

  static async start(context: TestContext, { spec, nodes }: MeshOptions): Promise<ReleasedMesh> {
    const api = new LoopbackApi({ clock: systemClock() });
    const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
    context.after(() => api.close());
    // Addresses of this run alone: an app's ports are the same on every node.
    const net = `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}`;
    const addresses = Array.from({ length: nodes }, (_, index) => `${net}.${index + 1}`);
    const [inbound, usage] = [await freePort(addresses[0] ?? ""), await freePort(addresses[0] ?? "")];
    const mesh = new ReleasedMesh({ api, url, addresses, ports: { inbound, usage } });
    context.after(() => mesh.#connection.close());
    await mesh.#begin(context, spec);
    return mesh;
  }

  private constructor({ api, url, addresses, ports }: MeshParts) {
    this.#api = api;
    this.url = url;
    this.#ports = ports;
    this.#connection = new KubeConnection({ server: url });
    this.nodes = addresses.map((address, index) => ({ name: `node-${index}`, address, answers: new Map() }));
    api.store.subscribe(({ resource, object }) => {
      const release = object.status?.["release"];
      if (resource === "meshprofiles" && release !== undefined)
        this.records.push(release as unknown as RecordedRelease);
    });
  }

  get release(): RecordedRelease | undefined {
    return this.records.at(-1);
  }

  get generation(): number {
    return this.#api.store.get("meshprofiles", PROFILE)?.metadata.generation ?? 0;
  }

  /** As `kubectl patch` with a merge does. */
  async edit(spec: JsonObject): Promise<void> {
    await this.#connection.patch(PATH, { spec }, { type: "merge" });
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    const startedMs = performance.now();
    while (!isTrue()) {
      const release = JSON.stringify(this.release);
      assert.ok(performance.now() - startedMs < PATIENCE_MS, `waited in vain for ${what}: ${release}`);
      await setTimeout(TURN_MS);
    }
  }

  /** What the node's proxy says of the app. */
  async versionOn({ address }: MeshNode): Promise<number | undefined> {
    const answer = await fetch(`http://${address}:${this.#ports.usage}/v1/releases`);
    const { apps } = (await answer.json()) as { readonly apps: readonly { readonly version: number }[] };
    return apps[0]?.version;
  }

  /** How often the app's instance there was replaced without a gap. */
  async replacementsOn({ address }: MeshNode): Promise<number> {
    const answer = await fetch(`http://${address}:${this.#ports.usage}/metrics`);
    const [, count = "0"] = REPLACEMENTS.exec(await answer.text()) ?? [];
    return Number(count);
  }

  clearAnswers(): void {
    for (const { answers } of this.nodes) answers.clear();
  }

  async #begin(context: TestContext, spec: JsonObject): Promise<void> {
    const { store } = this.#api;
    const app = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    context.after(() => void app.close().closeAllConnections());
    for (const name of ["berth-system", "shop"]) store.create("namespaces", { metadata: { name } });
    const { inbound } = this.#ports;
    store.create("meshprofiles", {
      metadata: PROFILE,
      spec,
      status: { ports: { inbound, outbound: await freePort(this.nodes[0]?.address ?? "") } },
    });
    for (const node of this.nodes) this.#createNode(node, (app.address() as AddressInfo).port);
    for (const { name, address } of this.nodes) this.#spawn(context, "proxy", proxyFlags(name, address));
    this.#spawn(context, "vpa-recommender", ["--operations-port=0", "--release-interval-seconds=0.1"]);
    for (const node of this.nodes) this.#load(context, node);
    const isServed = ({ answers }: MeshNode): boolean => (answers.get(200) ?? 0) > 0;
    await this.until(() => this.nodes.every(isServed) && this.release !== undefined, "a mesh that serves");
  }

  #createNode({ name, address }: MeshNode, appPort: number): void {
    const { store } = this.#api;
    const allocatable = { cpu: "4", memory: "8Gi", pods: "110" };
    store.create("nodes", { metadata: { name }, status: { allocatable } });
    const requests = { cpu: "150m", memory: "192Mi" };
    store.create("pods", {
      metadata: {
        name: `proxy-on-${name}`,
        namespace: "berth-system",
        labels: { [PROXY_LABEL]: "berth" },
        annotations: { [PROXY_BASE_ANNOTATION]: '{"cpu":"100m","memory":"128Mi"}' },
      },
      spec: { nodeName: name, containers: [{ name: "proxy", image: "berth", resources: { requests } }] },
      status: { phase: "Running", podIP: address, conditions: READY },
    });
    store.create("pods", {
      metadata: {
        name: `cart-on-${name}`,
        namespace: "shop",
        labels: { [APP_LABEL]: "cart", [MESH_LABEL]: MESH_ENABLED },
      },
      spec: {
        nodeName: name,
        containers: [{ name: "app", image: "cart", ports: [{ name: "http", containerPort: appPort }] }],
      },
      status: { phase: "Running", podIP: "127.0.0.1", conditions: READY },
    });
  }

  #spawn(context: TestContext, component: string, flags: readonly string[]): void {
    const file = new URL(`../../${component}/main.ts`, import.meta.url).pathname;
    const usage = component === "proxy" ? "--usage-port" : "--proxy-usage-port";
    const args = [
      ...flags,
      `--api-server=${this.url}`,
      `${usage}=${this.#ports.usage}`,
      "--log-level=silent",
    ];
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    context.after(() => child.kill("SIGKILL"));
  }

  #load(context: TestContext, { address, answers }: MeshNode): void {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const ask = (): void => {
      const count = (status: number): void => void answers.set(status, (answers.get(status) ?? 0) + 1);
      const outgoing = request({ host: address, port: this.#ports.inbound, agent }, (answer) => {
        count(answer.statusCode ?? 0);
        answer.resume();
      });
      // Until the instance listens.
      outgoing.on("error", () => count(0));
      outgoing.end();
    };
    const timer = setInterval(ask, LOAD_MS);
    context.after(() => {
      clearInterval(timer);
      agent.destroy();
    });
  }
}

interface MeshOptions {
  readonly spec: JsonObject;
  readonly nodes: number;
}

interface MeshParts {
  readonly api: LoopbackApi;
  readonly url: string;
  readonly addresses: readonly string[];
  readonly ports: { readonly inbound: number; readonly usage: number };
}

function proxyFlags(name: string, address: string): readonly string[] {
  const control = [`--control-host=${address}`, "--control-port=0"];
  return [`--node-name=${name}`, `--node-address=${address}`, ...control];
}
