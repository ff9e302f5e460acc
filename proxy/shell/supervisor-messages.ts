// What the supervisor and the host process say to each other over IPC.

import type { HostMemory } from "./host-memory.ts";
import type { FromKeeper, ServingProcess, ToKeeper } from "./process-messages.ts";
import type { ProxyConfig } from "./proxy-config.ts";

export type ToHost =
  | {
      readonly kind: "start";
      readonly config: ProxyConfig;
      readonly memory: HostMemory;
      readonly serving: readonly ServingProcess[];
    }
  | { readonly kind: "drain" }
  | FromKeeper;

export type FromHost =
  | { readonly kind: "listening"; readonly controlUrl: string }
  | { readonly kind: "ready" }
  | { readonly kind: "remember"; readonly memory: HostMemory }
  /** The configuration cannot work; restarting would not help. */
  | { readonly kind: "unusable"; readonly message: string }
  | ToKeeper;
