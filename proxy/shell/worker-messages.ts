// What the host and an instance's worker say to each other. Structured clones, both sides of one release.

import type { AppName, PodUid } from "#model/brand.ts";
import type { AppPorts, Observation, Quota, TcpPort } from "#model/mesh-profile.ts";

import type { Drain } from "../policy/farewell.ts";
import { type AppIdentity, NO_IDENTITY } from "./identity/app-identity.ts";
import type { AuditEntry } from "./identity/audit-book.ts";
import type { ServiceNodes } from "../policy/service-nodes.ts";
import type { AccessLine } from "./access-log.ts";

/** Handed to the instance when it starts. */
export interface InstanceData {
  readonly app: AppName;
  readonly nodeAddress: string;
  /** A port of 0 means any. */
  readonly ports: AppPorts;
  readonly quota: Quota;
  readonly settings: WorkerSettings;
  readonly times: DataPathTimes;
}

/** What may change while it runs, the quota apart. */
export interface WorkerSettings {
  readonly observation: Observation;
  readonly tcpPorts: readonly TcpPort[];
  readonly endpoints: readonly PodEndpoint[];
  /** Addresses of the app's pods on this node, whatever their condition. */
  readonly sources: readonly string[];
  /** Who it is, and whom it lets in. Connections that are open go on. */
  readonly identity: AppIdentity;
}

export const NO_SETTINGS: WorkerSettings = {
  observation: {},
  tcpPorts: [],
  endpoints: [],
  sources: [],
  identity: NO_IDENTITY,
};

/** A pod that takes inbound requests. */
export interface PodEndpoint {
  readonly uid: PodUid;
  readonly address: string;
  readonly port: number;
}

export interface DataPathTimes {
  /** Silence of a destination, connecting included, after which a request is given up. */
  readonly upstreamSilenceMs: number;
  /** From a connection's or request's first byte to the end of its headers. */
  readonly headersMs: number;
  /** Without a request, after which a client's connection is closed. */
  readonly clientIdleMs: number;
  readonly heartbeatMs: number;
  /** How long requests in progress on a departed pod, or in a draining instance, may take to finish. */
  readonly drainTimeoutMs: number;
  /** How long a draining instance leaves a connection without a request for one more. */
  readonly drainIdleMs: number;
}

export const DEFAULT_DATA_PATH_TIMES: DataPathTimes = {
  // As long as the reverse proxies in common use wait by default.
  upstreamSilenceMs: 60_000,
  headersMs: 10_000,
  // Go's clients keep idle connections for 90 s; closing earlier would race with their next request.
  clientIdleMs: 95_000,
  heartbeatMs: 100,
  drainTimeoutMs: 30_000,
  // Whoever has sent nothing for so long is unlikely to do so in the millisecond in which the connection is closed.
  drainIdleMs: 3_000,
};

export type ToWorker =
  /** Those that are given hold from now on. */
  | { readonly kind: "settings"; readonly settings: Partial<WorkerSettings> }
  | { readonly kind: "quota"; readonly quota: Quota }
  /** The Service behind a name that the worker asked for, now and whenever it changes; absent: reached directly. */
  | { readonly kind: "service"; readonly name: string; readonly service?: ServiceNodes }
  /** Close every connection after its next answer; go on accepting. */
  | { readonly kind: "retire" }
  | { readonly kind: "drain"; readonly drain: Drain };

export type FromWorker =
  | { readonly kind: "listening"; readonly ports: AppPorts }
  /** What was in progress when it was told to retire has ended. */
  | { readonly kind: "settled" }
  /** Its memory does not come down, though it refuses requests. */
  | { readonly kind: "exhausted" }
  /** A port of plain TCP that it cannot have for now; it serves without. */
  | { readonly kind: "tcp-port-failed"; readonly port: number; readonly message: string }
  /** Of its access log. */
  | { readonly kind: "accessed"; readonly lines: readonly AccessLine[] }
  | { readonly kind: "bind-failed"; readonly message: string }
  /** Callers that were refused, at most once a second. */
  | { readonly kind: "audit"; readonly entries: readonly AuditEntry[] }
  | { readonly kind: "follow-service"; readonly name: string }
  | { readonly kind: "forget-service"; readonly name: string };

export type FromThread =
  | FromWorker
  /** Once it serves: its id as the kernel knows it. */
  | { readonly kind: "thread"; readonly nativeThreadId: number };
