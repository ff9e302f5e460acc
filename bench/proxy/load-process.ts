// The load: requests over raw sockets, in a closed loop (the next one when the answer is there) or an open one (at their
// due times, answers or not). A process of its own. An answer is recognized by its length, which is found out once.

import { connect } from "node:net";
import type { Socket } from "node:net";

import { Http2Connection } from "./http2-client.ts";
import type { LoadClient } from "./load-client.ts";
import type { LoadOrder, LoadResult } from "./load-orders.ts";

const REQUEST =
  "GET /api/items?page=2 HTTP/1.1\r\nHost: cart.shop.svc.cluster.local\r\nUser-Agent: bench/1\r\n" +
  "Accept: application/json\r\nAccept-Encoding: gzip\r\nX-Request-Id: 6f1c2b7a-8d15-4a37-9f0e-2f6f1c1b7a10\r\n\r\n";
const OK = "HTTP/1.1 200";
/** Answers to the first requests are not counted: code is compiled and connections are opened meanwhile. */
const WARM_UP_SECONDS = 0.5;
/** Due requests are looked for this often in an open loop. */
const TICK_MS = 1;
const SAMPLES_MAX = 4_000_000;

class Http1Client implements LoadClient {
  #answerBytes = 0;
  #received = 0;
  #sinceMs = 0;
  readonly #socket: Socket;
  readonly #answered: (client: LoadClient, latencyMs: number) => void;

  constructor(port: number, answered: (client: LoadClient, latencyMs: number) => void, failed: () => void) {
    this.#answered = answered;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.#socket.on("error", failed);
    this.#socket.on("end", failed);
  }

  /** @param dueMs when it should have been sent. */
  send(dueMs: number): void {
    this.#sinceMs = dueMs;
    this.#received = 0;
    this.#socket.write(REQUEST, "latin1");
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#received === 0 && bytes.toString("latin1", 0, OK.length) !== OK) {
      throw new Error(`an answer other than 200: ${bytes.toString("latin1", 0, 200)}`);
    }
    if (this.#answerBytes === 0) this.#answerBytes = lengthOf(bytes.toString("latin1"));
    this.#received += bytes.length;
    if (this.#received === this.#answerBytes) this.#answered(this, performance.now() - this.#sinceMs);
    else if (this.#received > this.#answerBytes) throw new Error("more than one answer to a request");
  }
}

/** Of an answer whose head has come whole. */
function lengthOf(text: string): number {
  const head = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
  if (head < 0 || length === undefined) throw new Error(`an answer without a length: ${text}`);
  return head + 4 + Number(length);
}

function clientsOf(
  { port, connections, streams }: LoadOrder,
  answered: (client: LoadClient, latencyMs: number) => void,
  failed: () => void,
): readonly LoadClient[] {
  if (streams === undefined) {
    return Array.from({ length: connections }, () => new Http1Client(port, answered, failed));
  }
  return Array.from({ length: connections }, () => new Http2Connection(port, failed)).flatMap((connection) =>
    Array.from({ length: streams }, () => connection.client(answered)),
  );
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const samples = new Float64Array(SAMPLES_MAX);
  let count = 0;
  let failed = 0;
  let isCounting = false;
  let isOver = false;
  const free: LoadClient[] = [];
  const due: number[] = [];
  const answered = (client: LoadClient, latencyMs: number): void => {
    if (isCounting && count < SAMPLES_MAX) samples[count++] = latencyMs;
    if (isOver) return;
    if (order.requestsPerSecond === undefined) client.send(performance.now());
    else {
      const dueMs = due.shift();
      if (dueMs === undefined) free.push(client);
      else client.send(dueMs);
    }
  };
  const fail = (): void => {
    if (!isOver) failed += 1;
  };
  const clients = clientsOf(order, answered, fail);
  const startedMs = performance.now();
  if (order.requestsPerSecond === undefined) for (const client of clients) client.send(startedMs);
  else free.push(...clients);
  let sent = 0;
  const tick = (): void => {
    const { requestsPerSecond = 0 } = order;
    const wanted = ((performance.now() - startedMs) / 1000) * requestsPerSecond;
    for (; sent < wanted; sent++) {
      const dueMs = startedMs + (sent / requestsPerSecond) * 1000;
      const client = free.pop();
      if (client === undefined) due.push(dueMs);
      else client.send(dueMs);
    }
  };
  const timer = order.requestsPerSecond === undefined ? undefined : setInterval(tick, TICK_MS);
  let countedFromMs = 0;
  let cpuBefore = process.cpuUsage();
  setTimeout(() => {
    isCounting = true;
    countedFromMs = performance.now();
    cpuBefore = process.cpuUsage();
    process.send?.("counting");
  }, WARM_UP_SECONDS * 1000);
  setTimeout(resolve, (WARM_UP_SECONDS + order.seconds) * 1000);
  await promise;
  isOver = true;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsedMs = performance.now() - countedFromMs;
  for (const client of clients) client.destroy();
  const sorted = samples.subarray(0, count).sort();
  const quantile = (share: number): number => sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0;
  return {
    requests: count,
    failed,
    seconds: elapsedMs / 1000,
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99) },
    busyShare: (user + system) / 1000 / elapsedMs,
  };
}

process.on("message", (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});
process.on("disconnect", () => process.exit());
