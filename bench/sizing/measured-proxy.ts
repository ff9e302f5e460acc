// A real proxy process under measurement: apps with pods behind it, paced load in front of it, CPU time and memory of its
// whole process tree from /proc.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const MAIN = new URL("../../proxy/main.ts", import.meta.url).pathname;
const FLAGS = ["--node-name=n1", "--node-address=127.0.0.1", "--api-server=none", "--log-level=silent"];

export interface MeasuredInstance {
  readonly app: string;
  readonly cpuSeconds: number;
  readonly heapBytes: number;
}

export class MeasuredProxy {
  readonly #child: ChildProcess;
  readonly #control: string;
  readonly #appServer: Server;
  readonly #appPort: number;
  #pods = 0;

  /**
   * @param bodyBytes the size of the apps' answers; that of a request for `/N` is N bytes.
   * @param flags beside the usual ones.
   */
  static async start(bodyBytes: number, flags: readonly string[] = []): Promise<MeasuredProxy> {
    const usual = Buffer.alloc(bodyBytes, "x");
    const bodies = new Map([["/", usual]]);
    const server = createServer((incoming, answer) => {
      const path = incoming.url ?? "/";
      const body = bodies.get(path) ?? Buffer.alloc(Number(path.slice(1)), "x");
      bodies.set(path, body);
      incoming.resume();
      answer.setHeader("Content-Length", body.length);
      answer.end(body);
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const child = spawn(process.execPath, [MAIN, ...FLAGS, "--control-port", "0", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { controlUrl } = JSON.parse(line.toString()) as { readonly controlUrl: string };
    return new MeasuredProxy(child, controlUrl, server);
  }

  private constructor(child: ChildProcess, control: string, appServer: Server) {
    this.#child = child;
    this.#control = control;
    this.#appServer = appServer;
    this.#appPort = (appServer.address() as AddressInfo).port;
  }

  /** @returns the app's inbound port, once its instance serves. */
  async addPod(app: string): Promise<number> {
    const name = `pod-${this.#pods++}`;
    const pod = { uid: name, namespace: "bench", name, app, address: "127.0.0.1", port: this.#appPort };
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.#control}/v1/pods`, {
      method: "POST",
      headers,
      body: JSON.stringify(pod),
    });
    if (!answer.ok) throw new Error(`the proxy answered ${answer.status} to a pod`);
    for (;;) {
      const found = (await this.#report()).find((instance) => instance.app === app);
      if (found?.state === "serving") return found.ports.inbound;
      await delay(20);
    }
  }

  async instances(): Promise<readonly MeasuredInstance[]> {
    return (await this.#report()).map(({ app, cpuSeconds, heapUsedBytes, externalBytes }) => ({
      app,
      cpuSeconds,
      heapBytes: heapUsedBytes + externalBytes,
    }));
  }

  /** Of all threads of the supervisor and its children. */
  cpuSeconds(): number {
    return this.#processes().reduce((sum, pid) => sum + threadSeconds(pid), 0);
  }

  /** Proportional set size: pages that processes share count once. */
  memoryBytes(): number {
    return this.#processes().reduce((sum, pid) => sum + proportionalBytes(pid), 0);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    this.#appServer.closeAllConnections();
    this.#appServer.close();
    await once(this.#child, "close");
  }

  async #report(): Promise<readonly ReportedInstance[]> {
    const answer = await fetch(`${this.#control}/v1/instances`);
    return ((await answer.json()) as { readonly instances: readonly ReportedInstance[] }).instances;
  }

  #processes(): readonly number[] {
    const pids = [this.#child.pid ?? 0];
    for (const pid of pids) pids.push(...childrenOf(pid));
    return pids;
  }
}

interface ReportedInstance {
  readonly app: string;
  readonly state: string;
  readonly ports: { readonly inbound: number };
  readonly cpuSeconds: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
}

function childrenOf(pid: number): readonly number[] {
  const lists = readdirSync(`/proc/${pid}/task`).map((task) => text(`/proc/${pid}/task/${task}/children`));
  return lists.flatMap((list) =>
    list
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
}

// The first figure of a thread's schedstat is the nanoseconds that it ran.
function threadSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, task) => sum + Number(text(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0]) / 1e9,
    0,
  );
}

function proportionalBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

// A thread may end while it is looked at.
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Requests at a steady pace over a fixed number of kept connections, until it is stopped. */
export class PacedLoad {
  answered = 0;
  failed = 0;
  readonly #agent: Agent;
  readonly #port: number;
  readonly #perSecond: number;
  readonly #path: string;
  readonly #running: Promise<void>;
  #isStopped = false;

  constructor({ port, connections, perSecond, path = "/" }: LoadOptions) {
    this.#port = port;
    this.#path = path;
    this.#perSecond = perSecond;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: connections,
      maxFreeSockets: connections,
      scheduling: "fifo",
    });
    this.#running = this.#run(connections);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(connections: number): Promise<void> {
    // All at once, so that every connection is opened; afterwards they take turns.
    await Promise.all(Array.from({ length: connections }, () => this.#send()));
    const startedMs = performance.now();
    for (let sent = 0; !this.#isStopped;) {
      const due = ((performance.now() - startedMs) * this.#perSecond) / 1000;
      for (; sent < due && sent - this.answered - this.failed < IN_FLIGHT_MAX; sent++) void this.#send();
      await delay(TICK_MS);
    }
  }

  async #send(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = (isAnswered: boolean): void => {
      if (isAnswered) this.answered += 1;
      else this.failed += 1;
      resolve();
    };
    const outgoing = request(
      { host: "127.0.0.1", port: this.#port, path: this.#path, agent: this.#agent },
      (answer) => {
        answer.resume();
        answer.on("end", () => ended(answer.statusCode === 200));
        answer.on("error", () => ended(false));
      },
    );
    outgoing.on("error", () => ended(false));
    outgoing.end();
    return promise;
  }
}

interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly path?: string;
}

const TICK_MS = 5;
/** A proxy that cannot keep up answers late; the queue in front of it must not grow without end. */
const IN_FLIGHT_MAX = 2_000;
