// Requests over HTTP/2 by prior knowledge: several at once on sessions that are kept, and on sessions of their own.

import type { ClientHttp2Session } from "node:http2";

import { Calls } from "./calls.ts";
import { callOn, KeptSession, openSession } from "./http2-calls.ts";
import type { LoadTarget } from "./target.ts";

const SESSIONS = 4;
const STREAMS_PER_SESSION = 3;
const PAUSE_MS = 40;
const FRESH_CLIENTS = 4;
const FRESH_PAUSE_MS = 100;
const BODY = Buffer.alloc(200, "x");

export class Http2Load {
  readonly calls = new Calls();
  readonly #sessions: readonly KeptSession[];

  constructor(target: LoadTarget) {
    this.#sessions = Array.from({ length: SESSIONS }, () => new KeptSession(target));
    for (const kept of this.#sessions) {
      for (let stream = 0; stream < STREAMS_PER_SESSION; stream++) {
        // One of them is usually in progress.
        const path = stream === 0 ? "/slow" : "/";
        this.calls.repeat(PAUSE_MS, () => kept.use(this.calls, (session) => ask(session, path)));
      }
    }
    for (let client = 0; client < FRESH_CLIENTS; client++) {
      this.calls.repeat(FRESH_PAUSE_MS, async () => {
        const session = openSession(target);
        try {
          await ask(session, "/");
        } finally {
          session.close();
        }
      });
    }
  }

  async stop(): Promise<void> {
    await this.calls.stop();
    for (const session of this.#sessions) session.close();
  }
}

async function ask(session: ClientHttp2Session, path: string): Promise<void> {
  const { headers } = await callOn(session, { headers: { ":path": path }, body: BODY });
  if (Number(headers[":status"]) !== 200) throw new Error(`status ${String(headers[":status"])}`);
}
