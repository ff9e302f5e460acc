// One proxy with a victim and apps that go wrong on demand, watched from outside: over the ports that they serve.

import { once } from "node:events";
import { connect } from "node:net";

import type { Fault } from "#proxy/testing/fault-preload.ts";

import { pause } from "./shared-node.ts";
import type { SharedNode } from "./shared-node.ts";

const MIB = 1024 ** 2;

export interface Crash {
  /** From its end on: how long it took to go wrong is the fault's own. */
  readonly backMs: number;
  /** From the order to the end of the worker that went wrong. */
  readonly stoppedMs: number;
  readonly wasProcess: boolean;
}

export interface CrashBedOptions {
  readonly node: SharedNode;
  /** Where the host takes orders to go wrong. */
  readonly socketPath: string;
  readonly victimPort: number;
  /** Of a server that answers for all faulty apps. */
  readonly appPort: number;
}

interface FaultyApp {
  readonly name: string;
  readonly port: number;
  readonly pod: string;
}

export class CrashBed {
  readonly node: SharedNode;
  readonly victimPort: number;
  readonly #options: CrashBedOptions;
  #apps = 0;

  constructor(options: CrashBedOptions) {
    this.#options = options;
    this.node = options.node;
    this.victimPort = options.victimPort;
  }

  /** Each on an app of its own, so that none pays for the crash before. */
  async crashInTurn(fault: Fault, count: number): Promise<readonly Crash[]> {
    const apps = await Promise.all(Array.from({ length: count }, () => this.#start()));
    const crashes: Crash[] = [];
    for (const app of apps) crashes.push(await this.#crash(app, fault));
    for (const { pod } of apps) this.node.removePod(pod);
    return crashes;
  }

  /** A fault that may take the process with it: back once the victim is, too. */
  async crashAll(fault: Fault): Promise<Crash> {
    return this.#crash(await this.#start(), fault, this.victimPort);
  }

  /** The whole host at once. */
  async kill(signal: NodeJS.Signals): Promise<Crash> {
    const { port } = await this.#start();
    const startedMs = performance.now();
    process.kill(this.node.hostPid, signal);
    await silent(port);
    const stoppedMs = performance.now() - startedMs;
    await answering(port);
    await answering(this.victimPort);
    return { backMs: performance.now() - startedMs - stoppedMs, stoppedMs, wasProcess: true };
  }

  async #start(): Promise<FaultyApp> {
    this.#apps += 1;
    const name = `faulty-${this.#apps}`;
    const { inbound: port } = await this.node.addApp(name, { quota: { memory: `${128 * MIB}` } });
    const pod = this.node.addPod(name, this.#options.appPort);
    await this.node.untilServing(name);
    await answering(port);
    return { name, port, pod };
  }

  async #crash({ name, port }: FaultyApp, fault: Fault, watched?: number): Promise<Crash> {
    const { hostPid } = this.node;
    const orders = connect(this.#options.socketPath);
    orders.on("error", () => undefined);
    await once(orders, "connect");
    const startedMs = performance.now();
    orders.write(`${JSON.stringify({ app: `default/${name}`, fault })}\n`);
    await become(
      async () => !(await isAlive(port)) || (await this.#isReplaced(name)),
      `the instance that was told "${fault}" has gone`,
    );
    const stoppedMs = performance.now() - startedMs;
    await answering(port);
    if (watched !== undefined) await answering(watched);
    const backMs = performance.now() - startedMs - stoppedMs;
    orders.destroy();
    return { backMs, stoppedMs, wasProcess: this.node.hostPid !== hostPid };
  }

  /** A leak is seen before it ends the thread, which is then replaced without its ports ever being closed. */
  async #isReplaced(name: string): Promise<boolean> {
    const instances = await this.node.instances().catch(() => []);
    return instances.some(({ app, replacements }) => app === `default/${name}` && replacements > 0);
  }
}

/** Until a new connection is answered. */
async function answering(port: number): Promise<void> {
  await become(() => isAnswered(port), `port ${port} answers`);
}

/** Until nobody listens. An instance that loops still has its connections accepted by the kernel. */
async function silent(port: number): Promise<void> {
  await become(async () => !(await isAlive(port)), `port ${port} is closed`);
}

/** Nothing here takes a tenth as long, on a node that has CPU for it. */
const PATIENCE_MS = 20_000;

async function become(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > PATIENCE_MS) throw new Error(`waited in vain until ${what}`);
    await pause(1);
  }
}

/** An instance that comes back answers at once; one that went in between never does. */
const ANSWER_MS_MAX = 500;

async function isAnswered(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: bench\r\n\r\n"));
  socket.on("data", (bytes) => resolve(bytes.toString("latin1").startsWith("HTTP/1.1 200")));
  socket.on("error", () => resolve(false));
  socket.on("close", () => resolve(false));
  socket.setTimeout(ANSWER_MS_MAX, () => resolve(false));
  const isOk = await promise;
  socket.destroy();
  return isOk;
}

/** Whether somebody listens. */
async function isAlive(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true));
  socket.on("error", () => resolve(false));
  const isUp = await promise;
  socket.destroy();
  return isUp;
}
