// A process of its own that plays apps and clients for the benches of sharing, on bare sockets: an HTTP library would
// use more CPU than the proxy that is measured. It is told what to do over IPC and answers with what it saw.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export type LoadOrder =
  /** An app that answers every request with a few bytes. */
  | { readonly kind: "app" }
  /** As many requests as go, one after the other on each connection, until told to stop. */
  | { readonly kind: "flood"; readonly port: number; readonly connections: number }
  | { readonly kind: "stop" }
  /** Of the app: how many connections it has accepted. */
  | { readonly kind: "count" }
  /** So many requests per second at a steady pace, whatever the answers, until the time is over or it is told to stop. */
  | {
      readonly kind: "steady";
      readonly port: number;
      readonly perSecond: number;
      readonly seconds: number;
      readonly target?: string;
    };

export type LoadReport =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "counted"; readonly connectionsOpened: number }
  | { readonly kind: "flooded"; readonly answered: number; readonly refused: number; readonly failed: number }
  | SteadyReport;

export interface SteadyReport {
  readonly kind: "steady";
  readonly latenciesMs: readonly number[];
  readonly failed: number;
}

const HOST = "127.0.0.1";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
const HEAD_END = "\r\n\r\n";
/** Connections of the steady client; one request at a time on each. */
const STEADY_CONNECTIONS = 8;
const STEADY_TURN_MS = 1;

/** @param target a path, or the whole URI where the port is a proxy's. */
function requestText(target = "/"): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${URL.parse(target)?.host ?? "app.bench"}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`;
}

/** Starts one. Ended with `kill`. */
export function startLoadProcess(): LoadProcess {
  return new LoadProcess(
    fork(new URL(import.meta.url), [], { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
}

export class LoadProcess {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  tell(order: LoadOrder): void {
    this.#child.send(order);
  }

  /** The next report of this kind. */
  async hear<Kind extends LoadReport["kind"]>(kind: Kind): Promise<Extract<LoadReport, { kind: Kind }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<LoadReport, { kind: Kind }>>();
    const heard = (report: LoadReport): void => {
      if (report.kind !== kind) return;
      this.#child.off("message", heard);
      resolve(report as Extract<LoadReport, { kind: Kind }>);
    };
    this.#child.on("message", heard);
    return promise;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function report(message: LoadReport): void {
  process.send?.(message);
}

let connectionsOpened = 0;

function serve(): void {
  const server = createServer((socket) => {
    connectionsOpened += 1;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    let rest = "";
    socket.on("data", (bytes) => {
      const parts = (rest + bytes.toString("latin1")).split(HEAD_END);
      rest = parts.pop() ?? "";
      if (parts.length > 0) socket.write(ANSWER.repeat(parts.length), "latin1");
    });
  });
  server.listen(0, HOST, () => {
    const { port } = server.address() as AddressInfo;
    report({ kind: "listening", port });
  });
}

/** One connection that asks again and again; it comes back if it is closed. */
class Asker {
  answered: ((statusCode: number, ms: number) => void) | undefined;
  failed: (() => void) | undefined;
  #socket: Socket | undefined;
  #text = "";
  #askedMs = 0;
  #isAsking = false;
  readonly #port: number;
  readonly #request: string;

  constructor(port: number, target?: string) {
    this.#port = port;
    this.#request = requestText(target);
  }

  get isBusy(): boolean {
    return this.#isAsking;
  }

  ask(): void {
    this.#isAsking = true;
    this.#askedMs = performance.now();
    const socket = (this.#socket ??= this.#open());
    socket.write(this.#request, "latin1");
  }

  close(): void {
    this.answered = undefined;
    this.failed = undefined;
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: HOST, noDelay: true });
    socket.on("data", (bytes) => this.#read(bytes.toString("latin1")));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#text = "";
      if (!this.#isAsking) return;
      this.#isAsking = false;
      this.failed?.();
    });
    return socket;
  }

  #read(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const total = end + HEAD_END.length + length;
    if (this.#text.length < total) return;
    this.#text = this.#text.slice(total);
    this.#isAsking = false;
    if (/connection: close/i.test(head)) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.answered?.(Number(head.slice(9, 12)), performance.now() - this.#askedMs);
  }
}

function flood(port: number, connections: number): () => void {
  const counts = { answered: 0, refused: 0, failed: 0 };
  const askers = Array.from({ length: connections }, () => {
    const asker = new Asker(port);
    asker.answered = (statusCode) => {
      if (statusCode === 200) counts.answered += 1;
      else counts.refused += 1;
      asker.ask();
    };
    asker.failed = () => {
      counts.failed += 1;
      setTimeout(() => asker.failed !== undefined && asker.ask(), 10);
    };
    asker.ask();
    return asker;
  });
  return () => {
    for (const asker of askers) asker.close();
    report({ kind: "flooded", ...counts });
  };
}

/** @returns what ends it early. */
function steady({ port, perSecond, seconds, target }: Extract<LoadOrder, { kind: "steady" }>): () => void {
  let isStopped = false;
  const latenciesMs: number[] = [];
  let failed = 0;
  const askers: Asker[] = [];
  const idle: Asker[] = [];
  const startedMs = performance.now();
  let due = 0;
  const more = (): Asker => {
    const asker = new Asker(port, target);
    asker.answered = (statusCode, ms) => {
      if (statusCode === 200) latenciesMs.push(ms);
      else failed += 1;
      idle.push(asker);
    };
    asker.failed = () => {
      failed += 1;
      idle.push(asker);
    };
    askers.push(asker);
    return asker;
  };
  for (let count = 0; count < STEADY_CONNECTIONS; count++) idle.push(more());
  const turn = (): void => {
    const nowMs = performance.now();
    const dueNow = isStopped
      ? due
      : Math.min(Math.ceil(((nowMs - startedMs) * perSecond) / 1000), perSecond * seconds);
    for (; due < dueNow; due++) {
      // Nobody free: one more connection, as an open loop has it; nothing ever waits here.
      (idle.shift() ?? more()).ask();
    }
    if (!isStopped && due < perSecond * seconds) {
      setTimeout(turn, STEADY_TURN_MS);
      return;
    }
    setTimeout(() => {
      failed += askers.filter(({ isBusy }) => isBusy).length;
      for (const asker of askers) asker.close();
      report({ kind: "steady", latenciesMs, failed });
    }, LAST_ANSWERS_MS);
  };
  turn();
  return () => {
    isStopped = true;
  };
}

/** For the answers to the last requests. */
const LAST_ANSWERS_MS = 250;

if (import.meta.main) {
  let stop: (() => void) | undefined;
  process.on("disconnect", () => process.exit());
  process.on("message", (order: LoadOrder) => {
    switch (order.kind) {
      case "app":
        serve();
        return;
      case "flood":
        stop = flood(order.port, order.connections);
        return;
      case "count":
        report({ kind: "counted", connectionsOpened });
        return;
      case "stop":
        stop?.();
        return;
      case "steady":
        stop = steady(order);
    }
  });
}
