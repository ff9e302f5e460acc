// A Service as discovery sees it.

import type { Labels } from "./app.ts";

export interface ServiceView {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty for a Service that selects nothing: its endpoints, or its external name, are somebody else's business. */
  readonly selector: Labels;
  /** Those that speak TCP. */
  readonly ports: readonly ServicePort[];
  /** None if it is headless. */
  readonly clusterIps: readonly string[];
  /** It asks for more than any ready pod: the client's own, pods of its node only, or pods that are not ready. */
  readonly hasOwnRouting: boolean;
}

export interface ServicePort {
  readonly port: number;
  /** Number, or name of a container's port. */
  readonly target: number | string;
}
