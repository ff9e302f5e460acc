// The HTTP/2 connection to one destination, which all requests to it share. Opened with the first, and again after it
// has ended.

import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:net";

import type { ReadThrottle } from "../read-throttle.ts";
import type { UpstreamAddress } from "../http1/upstream-connection.ts";

/** A connection on which nothing is said for so long is closed. */
const IDLE_MS = 60_000;
/** What one stream may receive before it is read, and all of them together. */
const WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 1024 * 1024;

export class Http2Upstream {
  readonly #address: UpstreamAddress;
  readonly #throttle: ReadThrottle;
  #session: ClientHttp2Session | undefined;

  constructor(address: UpstreamAddress, throttle: ReadThrottle) {
    this.#address = address;
    this.#throttle = throttle;
  }

  session(): ClientHttp2Session {
    const open = this.#session;
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const { host, port } = this.#address;
    const session = connectHttp2("http://destination", {
      createConnection: () => {
        const socket = connect({ host, port, noDelay: true });
        this.#throttle.add(socket, "destination");
        return socket;
      },
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    session.on("connect", () => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    // Every stream on it hears of it as well, and answers for itself.
    session.on("error", () => session.destroy());
    session.setTimeout(IDLE_MS, () => session.close());
    this.#session = session;
    return session;
  }

  /** Requests in progress go on. */
  retire(): void {
    this.#session?.close();
  }

  /** Whatever is in progress fails. */
  close(): void {
    this.#session?.destroy();
  }
}
