// All four protocols at once against one port, counted apart.

import { GrpcLoad } from "./grpc-load.ts";
import { Http1Load } from "./http1-load.ts";
import type { Http1LoadOptions } from "./http1-load.ts";
import { Http2Load } from "./http2-load.ts";
import type { Calls } from "./calls.ts";
import { WebSocketLoad } from "./web-socket-load.ts";

export const PROTOCOLS = ["http1", "http2", "grpc", "websocket"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface ProtocolFigures {
  readonly requests: number;
  readonly failed: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly farewells: number;
  readonly refused: number;
}

export class ProtocolsLoad {
  readonly http1: Http1Load;
  readonly #http2: Http2Load;
  readonly #grpc: GrpcLoad;
  readonly #webSocket: WebSocketLoad;

  constructor(options: Http1LoadOptions) {
    this.http1 = new Http1Load(options);
    this.#http2 = new Http2Load(options);
    this.#grpc = new GrpcLoad(options);
    this.#webSocket = new WebSocketLoad(options);
  }

  /** Resolves when the last answer is in. */
  async stop(): Promise<void> {
    await Promise.all([this.http1.stop(), this.#http2.stop(), this.#grpc.stop(), this.#webSocket.stop()]);
  }

  get calls(): Readonly<Record<Protocol, readonly Calls[]>> {
    return {
      http1: [this.http1.fresh, this.http1.kept],
      http2: [this.#http2.calls],
      grpc: [this.#grpc.calls],
      websocket: [this.#webSocket.calls],
    };
  }

  figures(): Readonly<Record<Protocol, ProtocolFigures>> {
    const { http1, http2, grpc, websocket } = this.calls;
    return { http1: sumOf(http1), http2: sumOf(http2), grpc: sumOf(grpc), websocket: sumOf(websocket) };
  }
}

function sumOf(calls: readonly Calls[]): ProtocolFigures {
  const reasons: Record<string, number> = {};
  for (const { counts } of calls) {
    for (const [reason, count] of counts.failures) reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  const total = (of: (one: Calls) => number): number => calls.reduce((sum, one) => sum + of(one), 0);
  return {
    requests: total(({ counts }) => counts.requests),
    failed: total(({ failed }) => failed),
    reasons,
    farewells: total(({ counts }) => counts.farewells),
    refused: total(({ counts }) => counts.refused),
  };
}
