// The app's pods on this node, each with its own connections. A pod that leaves gets no new request; what it has in
// progress may finish, for a bounded time.

import type { Cancel, Clock } from "#runtime/clock.ts";

import { chooseEndpoint } from "../policy/endpoint-choice.ts";
import { UpstreamPool } from "./http1/upstream-pool.ts";
import type { Http2Upstream } from "./http2/http2-upstream.ts";
import type { ReadThrottle } from "./read-throttle.ts";
import type { PodEndpoint } from "./worker-messages.ts";

export class PodPool {
  readonly endpoint: PodEndpoint;
  readonly upstreams: UpstreamPool;
  /** Set by the first request over HTTP/2. */
  http2: Http2Upstream | undefined;
  inFlight = 0;
  #cancelDeadline: Cancel | undefined;
  #isRetired = false;

  constructor(endpoint: PodEndpoint, throttle: ReadThrottle) {
    this.endpoint = endpoint;
    this.upstreams = new UpstreamPool({ host: endpoint.address, port: endpoint.port }, throttle);
  }

  /** A request ended. */
  release(): void {
    this.inFlight -= 1;
    if (this.#isRetired && this.inFlight === 0) this.#close();
  }

  retire(clock: Clock, drainTimeoutMs: number): void {
    this.#isRetired = true;
    this.upstreams.retire();
    this.http2?.retire();
    if (this.inFlight === 0) this.#close();
    else this.#cancelDeadline = clock.after(drainTimeoutMs, () => this.#close());
  }

  #close(): void {
    this.#cancelDeadline?.();
    this.upstreams.close();
    this.http2?.close();
  }
}

export interface PodPoolsOptions {
  readonly clock: Clock;
  readonly throttle: ReadThrottle;
  readonly drainTimeoutMs: number;
}

export class PodPools {
  readonly #options: PodPoolsOptions;
  #pools: readonly PodPool[] = [];
  #turn = 0;

  constructor(options: PodPoolsOptions) {
    this.#options = options;
  }

  /** Replaces the set of pods; pools of pods that stay are kept with their connections. */
  update(endpoints: readonly PodEndpoint[]): void {
    const kept = new Map(this.#pools.map((pool) => [poolKey(pool.endpoint), pool]));
    this.#pools = endpoints.map((endpoint) => {
      const key = poolKey(endpoint);
      const pool = kept.get(key) ?? new PodPool(endpoint, this.#options.throttle);
      kept.delete(key);
      return pool;
    });
    for (const pool of kept.values()) pool.retire(this.#options.clock, this.#options.drainTimeoutMs);
  }

  /**
   * Called at a steady pace: closes what has been idle for too long.
   *
   * @returns whether a connection is left.
   */
  sweep(nowMs: number): boolean {
    let isLeft = false;
    for (const { upstreams } of this.#pools) {
      upstreams.sweep(nowMs);
      isLeft ||= !upstreams.isEmpty;
    }
    return isLeft;
  }

  /** The pod for the next request, which counts as in progress until `release` is called on the pool. */
  acquire(): PodPool | undefined {
    this.#turn += 1;
    const pool = chooseEndpoint(this.#pools, this.#turn);
    if (pool !== undefined) pool.inFlight += 1;
    return pool;
  }
}

function poolKey({ uid, address, port }: PodEndpoint): string {
  return `${uid} ${address} ${port}`;
}
