// WebSockets whose every message is to come back: some that stay open, and some of one message. No proxy can hand one to
// the next, so a farewell in order (1001) is no failure if no message is left without its echo and the next one opens at
// once; everything else is.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";

import { Calls } from "./calls.ts";
import { ANSWER_MS_MAX, type LoadTarget } from "./target.ts";

const KEPT_CLIENTS = 8;
const PAUSE_MS = 40;
const FRESH_CLIENTS = 4;
const FRESH_PAUSE_MS = 100;
const NORMAL = 1000;
const GOING_AWAY = 1001;
const TEXT = 0x81;
const CLOSE = 0x88;
const MASKED = 0x80;

export class WebSocketLoad {
  readonly calls = new Calls();
  readonly #kept = new Set<WebSocketClient>();

  constructor(target: LoadTarget) {
    for (let client = 0; client < KEPT_CLIENTS; client++) {
      let open: WebSocketClient | undefined;
      this.calls.repeat(PAUSE_MS, async () => {
        if (open?.closedWith !== undefined) {
          const { closedWith } = open;
          this.#kept.delete(open);
          open = undefined;
          if (closedWith !== GOING_AWAY) throw new Error(`closed with ${closedWith}`);
          this.calls.counts.farewells += 1;
        }
        open ??= await WebSocketClient.open(target);
        this.#kept.add(open);
        await open.echo();
      });
    }
    for (let client = 0; client < FRESH_CLIENTS; client++) {
      this.calls.repeat(FRESH_PAUSE_MS, async () => {
        const fresh = await WebSocketClient.open(target);
        await fresh.echo();
        fresh.close(NORMAL);
      });
    }
  }

  async stop(): Promise<void> {
    await this.calls.stop();
    for (const open of this.#kept) open.close(NORMAL);
  }
}

/** Without a word: as when a connection breaks. */
const ABNORMAL = 1006;

class WebSocketClient {
  /** The code that the server closed with; undefined while it is open. */
  closedWith: number | undefined;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #count = 0;
  #waiting: { readonly text: string; readonly settle: (error?: Error) => void } | undefined;

  /** @throws Error if the handshake fails. */
  static async open(target: LoadTarget): Promise<WebSocketClient> {
    const { promise, resolve, reject } = Promise.withResolvers<WebSocketClient>();
    const socket = connect({ ...target, noDelay: true });
    const key = randomBytes(16).toString("base64");
    socket.write(
      `GET /echo HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    let head = "";
    const read = (bytes: Buffer): void => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", read);
      if (head.startsWith("HTTP/1.1 101 ")) resolve(new WebSocketClient(socket));
      else reject(new Error(`the handshake was answered ${head.slice(9, 12)}`));
    };
    socket.on("data", read);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed during the handshake")));
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error("timed out")));
    return promise;
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("close", () => this.#ended(ABNORMAL));
  }

  /** @throws Error if the message does not come back. */
  async echo(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#count += 1;
    const text = `message ${this.#count}`;
    this.#waiting = { text, settle: (error) => (error === undefined ? resolve() : reject(error)) };
    this.#write(TEXT, Buffer.from(text));
    return promise;
  }

  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#write(CLOSE, payload);
  }

  /** The mask of zeros leaves the payload as it is. */
  #write(first: number, payload: Buffer): void {
    const head = Buffer.from([first, MASKED | payload.length, 0, 0, 0, 0]);
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat([head, payload]));
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const length = this.#rest[1] ?? 0;
      if (this.#rest.length < 2 + length) return;
      const [first] = this.#rest;
      const payload = this.#rest.subarray(2, 2 + length);
      this.#rest = this.#rest.subarray(2 + length);
      if (first === CLOSE) {
        const code = payload.readUInt16BE();
        // The server closes the connection then.
        if (code !== NORMAL) this.close(code);
        this.#ended(code);
        return;
      }
      const waiting = this.#waiting;
      this.#waiting = undefined;
      const isSame = waiting?.text === payload.toString();
      waiting?.settle(isSame ? undefined : new Error("another message came back"));
    }
  }

  #ended(code: number): void {
    this.closedWith ??= code;
    this.#waiting?.settle(new Error(`closed with ${this.closedWith} before a message came back`));
    this.#waiting = undefined;
  }
}
