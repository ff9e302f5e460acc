// What all connections of one port share.

import type { Socket } from "node:net";

import type { Clock } from "#runtime/clock.ts";

import type { Caller } from "../../policy/identity/caller.ts";
import type { AccessLog } from "../access-log.ts";
import type { Admission } from "../admission.ts";
import type { Direction, InstanceCounters } from "../instance-counters.ts";
import type { ReadThrottle } from "../read-throttle.ts";
import type { SourceGuard } from "../source-guard.ts";
import type { TraceStarter } from "../trace-starter.ts";
import type { RoutedExchange } from "./routed-exchange.ts";

export interface ClientOptions {
  readonly direction: Direction;
  /** Decides where a request goes: forwards it, opens a tunnel or refuses it; at once or later. */
  readonly route: (exchange: RoutedExchange) => void;
  readonly admission: Admission;
  readonly counters: InstanceCounters;
  readonly accessLog: AccessLog;
  readonly traces: TraceStarter;
  readonly throttle: ReadThrottle;
  readonly clock: Clock;
  readonly times: ClientTimes;
  readonly listener: ListenerState;
  /** Who may use the port; undefined for everybody. */
  readonly sources?: SourceGuard | undefined;
  /** Takes over connections that speak HTTP/2; undefined where nobody does. */
  readonly takeHttp2?: ((socket: Socket, bytes: Buffer, caller: Caller) => void) | undefined;
  /** Takes over connections that begin with TLS; undefined where nobody does. */
  readonly takeTls?: ((socket: Socket, bytes: Buffer) => void) | undefined;
}

/** What becomes of the port, as its connections see it. */
export interface ListenerState {
  /** Connections are closed after their next answer. */
  readonly isRetiring: boolean;
  /** And those that are idle are closed. */
  readonly isDraining: boolean;
}

export interface ClientTimes {
  /** From a request's first byte to the end of its head. */
  readonly headersMs: number;
  /** Without a byte from or to either side, after which an exchange is given up. */
  readonly silenceMs: number;
  /** Without a request, after which a connection is closed. */
  readonly clientIdleMs: number;
  /** How long a draining port leaves a connection without a request for one more. */
  readonly drainIdleMs: number;
}

/** How long the rest of a body is read and dropped after it was refused, so that the client gets to see the answer. */
export const DISCARD_MS = 5_000;
/** How long a connection of an address that is not the app's is held until it is refused: news of pods take seconds. */
export const STRANGER_MS = 5_000;
/** How long a client may take to close a connection of which it knows that it is over. */
export const CLOSING_MS = 2_000;
/** A tunnel in which nothing is said; what load balancers in common use allow at most. */
export const TUNNEL_IDLE_MS = 3_600_000;
