// Calls of gRPC, framed by hand: single ones, streams of half a second, and streams without an end. Of the latter nothing
// is expected but that they end in order, as unavailable, when the server goes away, and can be begun anew at once.

import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";

import { Calls } from "./calls.ts";
import { type CallAnswer, callOn, KeptSession } from "./http2-calls.ts";
import type { LoadTarget } from "./target.ts";

const SESSIONS = 4;
const PAUSE_MS = 40;
const MESSAGES = 10;
const ENDLESS = 0;
const HEAD_BYTES = 5;
const NUMBERED_BYTES = HEAD_BYTES + 4;
const OK = "0";
const UNAVAILABLE = "14";

export class GrpcLoad {
  readonly calls = new Calls();
  readonly #sessions: readonly KeptSession[];
  readonly #endless = new Set<ClientHttp2Stream>();

  constructor(target: LoadTarget) {
    this.#sessions = Array.from({ length: SESSIONS }, () => new KeptSession(target));
    for (const kept of this.#sessions) {
      this.calls.repeat(PAUSE_MS, () => kept.use(this.calls, once));
      this.calls.repeat(PAUSE_MS, () => kept.use(this.calls, stream));
      this.calls.repeat(0, () => kept.use(this.calls, (session) => this.#listen(session)));
    }
  }

  async stop(): Promise<void> {
    const stopped = this.calls.stop();
    for (const endless of this.#endless) endless.close();
    await stopped;
    for (const session of this.#sessions) session.close();
  }

  async #listen(session: ClientHttp2Session): Promise<void> {
    const numbers = new Numbers();
    let endless: ClientHttp2Stream | undefined;
    try {
      const answer = await streamed(session, ENDLESS, numbers, (begun) => {
        endless = begun;
        this.#endless.add(begun);
      });
      if (statusOf(answer) !== UNAVAILABLE)
        throw new Error(`an endless stream ended with ${statusOf(answer)}`);
      this.calls.counts.farewells += 1;
    } catch (error) {
      // Ended by ourselves.
      if (!this.calls.isOver) throw error;
    } finally {
      if (endless !== undefined) this.#endless.delete(endless);
    }
    numbers.check();
  }
}

async function once(session: ClientHttp2Session): Promise<void> {
  const message = framed(Buffer.from("once"));
  const answer = await callOn(session, { headers: headersOf("Once"), body: message });
  if (statusOf(answer) !== OK) throw new Error(`grpc-status ${statusOf(answer)}`);
  if (!answer.body.equals(message)) throw new Error("another message came back");
}

async function stream(session: ClientHttp2Session): Promise<void> {
  const numbers = new Numbers();
  const answer = await streamed(session, MESSAGES, numbers);
  if (statusOf(answer) !== OK) throw new Error(`grpc-status ${statusOf(answer)}`);
  numbers.check();
  if (numbers.count !== MESSAGES) throw new Error(`${numbers.count} messages of ${MESSAGES}`);
}

function streamed(
  session: ClientHttp2Session,
  count: number,
  numbers: Numbers,
  begun: (stream: ClientHttp2Stream) => void = () => undefined,
): Promise<CallAnswer> {
  const message = Buffer.alloc(4);
  message.writeUInt32BE(count);
  const heard = (chunk: Buffer): void => numbers.read(chunk);
  return callOn(session, { headers: headersOf("Stream"), body: framed(message), heard, begun });
}

/** The messages of a stream, which count from 0. */
class Numbers {
  count = 0;
  #isOutOfOrder = false;
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= NUMBERED_BYTES) {
      if (this.#rest.readUInt32BE(HEAD_BYTES) !== this.count) this.#isOutOfOrder = true;
      this.count += 1;
      this.#rest = this.#rest.subarray(NUMBERED_BYTES);
    }
  }

  check(): void {
    if (this.#isOutOfOrder) throw new Error("messages are missing in the middle of a stream");
  }
}

function headersOf(method: "Once" | "Stream"): Readonly<Record<string, string>> {
  return { ":path": `/echo.Echo/${method}`, "content-type": "application/grpc", te: "trailers" };
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** In an answer without messages it stands at the head. */
function statusOf({ headers, trailers }: CallAnswer): string {
  return String(trailers["grpc-status"] ?? headers["grpc-status"]);
}
