// Instances that end in every way that Node has, beside a victim under load: what the victim loses, how soon the app is
// back, and how soon the whole process is where V8 aborts it.

import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { max, quantile } from "simple-statistics";

import { CONTAINED_FAULTS, UNCONTAINED_FAULTS } from "#proxy/testing/fault-preload.ts";
import type { Fault } from "#proxy/testing/fault-preload.ts";
import { FAULT_SOCKET_VARIABLE } from "#proxy/testing/fault-socket.ts";

import { Neighbours, rounded } from "./neighbours.ts";
import { pause, SharedNode } from "./shared-node.ts";

const ENTRY = fileURLToPath(new URL("../../proxy/testing/faulty-proxy.ts", import.meta.url));
const MIB = 1024 ** 2;

export interface CrashFigures {
  readonly count: number;
  readonly byKind: Readonly<
    Record<string, { readonly backMs: readonly number[]; readonly wasProcess: boolean }>
  >;
  readonly victimErrors: number;
  readonly appBackMsP99: number;
  readonly processBackMs: number | null;
  readonly spinStoppedMs: number | null;
}

/** @param rounds of one crash of every contained kind; after each, one of the kinds that may abort the process. */
export async function measureCrashes(
  rounds: number,
  progress: (text: string) => void,
): Promise<CrashFigures> {
  const socketPath = join(tmpdir(), `berth-bench-faults-${process.pid}`);
  const flags = ["--linger-seconds=0"];
  const node = await SharedNode.start({ entry: ENTRY, flags, env: { [FAULT_SOCKET_VARIABLE]: socketPath } });
  const neighbours = new Neighbours();
  const apps = await neighbours.start();
  const { inbound: victimPort } = await node.addApp("victim");
  node.addPod("victim", apps.victim);
  await node.untilServing("victim");
  const bed = new CrashBed(node, socketPath, apps.neighbour);
  let victimErrors = 0;
  const spins: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const fault of CONTAINED_FAULTS) {
      const victim = neighbours.steady(victimPort, STEADY_SECONDS);
      const { backMs, stoppedMs } = await bed.crash(fault);
      if (fault === "endless-loop") spins.push(stoppedMs);
      const { failed } = await victim;
      victimErrors += failed;
      progress(`${fault}: back after ${Math.round(backMs)} ms, the victim lost ${failed}`);
    }
  }
  for (const fault of UNCONTAINED_FAULTS) {
    const { backMs, wasProcess } = await bed.crash(fault, victimPort);
    progress(`${fault}: ${wasProcess ? "process" : "instance"} back after ${Math.round(backMs)} ms`);
  }
  const { backMs: abortBackMs } = await bed.abort(victimPort);
  progress(`abort of the host: back after ${Math.round(abortBackMs)} ms`);
  await node.stop();
  neighbours.stop();
  const kinds = [...bed.kinds];
  const contained = kinds.filter(([, { wasProcess }]) => !wasProcess).flatMap(([, { backMs }]) => backMs);
  const aborted = kinds.filter(([, { wasProcess }]) => wasProcess).flatMap(([, { backMs }]) => backMs);
  return {
    count: bed.count,
    byKind: Object.fromEntries(kinds),
    victimErrors,
    appBackMsP99: rounded(quantile(contained, 0.99)),
    processBackMs: aborted.length === 0 ? null : rounded(max(aborted)),
    spinStoppedMs: spins.length === 0 ? null : rounded(max(spins)),
  };
}

/** As long as a contained crash takes to be over. */
const STEADY_SECONDS = 1;

interface Crash {
  readonly backMs: number;
  /** From the order to the end of the worker that went wrong. */
  readonly stoppedMs: number;
  readonly wasProcess: boolean;
}

class CrashBed {
  readonly kinds = new Map<string, { backMs: number[]; wasProcess: boolean }>();
  count = 0;
  readonly #node: SharedNode;
  readonly #socketPath: string;
  readonly #appPort: number;

  constructor(node: SharedNode, socketPath: string, appPort: number) {
    this.#node = node;
    this.#socketPath = socketPath;
    this.#appPort = appPort;
  }

  /** On an app of its own, so that no crash pays for the one before. @param watched the port that has to be back. */
  async crash(fault: Fault, watched?: number): Promise<Crash> {
    const name = `faulty-${this.count}`;
    const { inbound: port } = await this.#node.addApp(name, { quota: { memory: `${128 * MIB}` } });
    const pod = this.#node.addPod(name, this.#appPort);
    await this.#node.untilServing(name);
    const hostPid = this.#node.hostPid;
    await answering(port);
    const orders = connect(this.#socketPath);
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
    const wasProcess = this.#node.hostPid !== hostPid;
    // From its end on: how long it took to go wrong is the fault's own.
    const backMs = performance.now() - startedMs - stoppedMs;
    orders.destroy();
    this.#node.removePod(pod);
    this.#note(fault, { backMs, stoppedMs, wasProcess });
    return { backMs, stoppedMs, wasProcess };
  }

  /** A leak is seen before it ends the thread, which is then replaced without its ports ever being closed. */
  async #isReplaced(name: string): Promise<boolean> {
    const instances = await this.#node.instances().catch(() => []);
    return instances.some(({ app, replacements }) => app === `default/${name}` && replacements > 0);
  }

  /** The whole host at once, as V8 does it. */
  async abort(port: number): Promise<Crash> {
    const { hostPid } = this.#node;
    const startedMs = performance.now();
    process.kill(hostPid, "SIGABRT");
    await silent(port);
    const stoppedMs = performance.now() - startedMs;
    await answering(port);
    const crash = { backMs: performance.now() - startedMs - stoppedMs, stoppedMs, wasProcess: true };
    this.#note("abort of the host", crash);
    return crash;
  }

  #note(kind: string, { backMs, wasProcess }: Crash): void {
    this.count += 1;
    const known = this.kinds.get(kind) ?? { backMs: [], wasProcess };
    known.backMs.push(rounded(backMs));
    this.kinds.set(kind, known);
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
