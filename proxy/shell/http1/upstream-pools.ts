// Connections to any number of destinations, each with a pool of its own.

import type { ReadThrottle } from "../read-throttle.ts";
import type { UpstreamAddress } from "./upstream-connection.ts";
import { UpstreamPool } from "./upstream-pool.ts";

export class UpstreamPools {
  readonly #throttle: ReadThrottle;
  readonly #pools = new Map<string, UpstreamPool>();

  constructor(throttle: ReadThrottle) {
    this.#throttle = throttle;
  }

  to(address: UpstreamAddress): UpstreamPool {
    const key = `${address.host} ${address.port} ${address.secure?.key ?? ""}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new UpstreamPool(address, this.#throttle);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /**
   * Called at a steady pace: closes what has been idle for too long, and forgets destinations without connections.
   *
   * @returns whether any is left.
   */
  sweep(nowMs: number): boolean {
    for (const [key, pool] of this.#pools) {
      pool.sweep(nowMs);
      if (pool.isEmpty) this.#pools.delete(key);
    }
    return this.#pools.size > 0;
  }
}
