// What the supervisor keeps for the next host: pods that only a hook announced, ports that the system chose, and the
// last configuration, so that a host which dies while the API server is away comes back with all of its instances.

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

import type { PodEvent } from "../policy/pod-registry.ts";
import type { AppSettings } from "./cluster-source.ts";

export interface HostMemory {
  readonly pods: readonly PodEvent[];
  readonly settings: readonly AppSettings[];
  readonly boundPorts: readonly (readonly [AppName, AppPorts])[];
}

export const noMemory: HostMemory = { pods: [], settings: [], boundPorts: [] };
