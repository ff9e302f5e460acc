// What the bench asks of the load's process, and what it hears.

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Requests at once on each connection, over HTTP/2; over HTTP/1.1 without. */
  readonly streams?: number;
  readonly seconds: number;
  /** Of an open loop; a closed loop without. */
  readonly requestsPerSecond?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  /** From the moment at which a request was due, so that waiting for a connection counts. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** CPU time of the load's process ÷ elapsed time. */
  readonly busyShare: number;
}
