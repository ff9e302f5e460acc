// Connections to one destination, kept for its next request. The one used last is the least likely to be closed by the
// other side, so it is the first to be used again.

import type { ReadThrottle } from "../read-throttle.ts";
import type { UpstreamAddress } from "./upstream-connection.ts";
import { UpstreamConnection } from "./upstream-connection.ts";

/**
 * Idle connections close before the five seconds after which Node's servers, the most impatient in common use, close
 * theirs: a request on a connection that the other side is closing fails, and most may not be repeated.
 */
const IDLE_MS = 4_000;
const IDLE_MAX = 512;
/** File descriptors belong to the whole process. Above this many connections, none is kept once its request is done. */
const CONNECTIONS_KEPT_MAX = 1024;

export class UpstreamPool {
  readonly #address: UpstreamAddress;
  readonly #throttle: ReadThrottle;
  readonly #idle: UpstreamConnection[] = [];
  readonly #open = new Set<UpstreamConnection>();
  #isRetired = false;

  constructor(address: UpstreamAddress, throttle: ReadThrottle) {
    this.#address = address;
    this.#throttle = throttle;
  }

  /** Where its connections lead. */
  get destination(): string {
    const { host, port } = this.#address;
    return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** Nothing is open. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** An idle connection, or a new one. */
  take(): UpstreamConnection {
    return this.#idle.pop() ?? this.#connect((connection) => this.#keep(connection));
  }

  /** A new connection, which nobody else will use. */
  open(): UpstreamConnection {
    return this.#connect(() => false);
  }

  /** Called at a steady pace: closes what has been idle for too long. */
  sweep(nowMs: number): void {
    for (const connection of this.#idle) connection.idleFromMs ??= nowMs;
    for (;;) {
      const [oldest] = this.#idle;
      if (oldest?.idleFromMs === undefined || nowMs - oldest.idleFromMs < IDLE_MS) return;
      oldest.destroy();
    }
  }

  /** Keeps no connection from now on, and closes those that are idle; requests in progress go on. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Whatever is in progress fails. */
  close(): void {
    this.retire();
    for (const connection of this.#open) connection.abort();
  }

  #connect(freed: (connection: UpstreamConnection) => boolean): UpstreamConnection {
    const connection = new UpstreamConnection({
      address: this.#address,
      throttle: this.#throttle,
      freed,
      closed: (closed) => {
        this.#open.delete(closed);
        const at = this.#idle.indexOf(closed);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    });
    this.#open.add(connection);
    return connection;
  }

  #keep(connection: UpstreamConnection): boolean {
    const isKept =
      !this.#isRetired &&
      this.#idle.length < IDLE_MAX &&
      this.#throttle.open("destination") <= CONNECTIONS_KEPT_MAX;
    if (!isKept) return false;
    connection.idleFromMs = undefined;
    this.#idle.push(connection);
    return true;
  }
}
