// What the supervisor and the host process say to each other over IPC.

import type { AppName } from "#model/brand.ts";

import type { HostMemory } from "./host-memory.ts";
import type { IdentityMaterial } from "./identity/app-identity.ts";
import type { KeptIdentities } from "./identity/identity-keeper.ts";
import type { FromKeeper, ServingProcess, ToKeeper } from "./process-messages.ts";
import type { ProxyConfig } from "./proxy-config.ts";

export type ToHost =
  | {
      readonly kind: "start";
      readonly config: ProxyConfig;
      readonly memory: HostMemory;
      /** Keys and certificates of an earlier host's apps. */
      readonly identities: KeptIdentities;
      readonly serving: readonly ServingProcess[];
    }
  | { readonly kind: "drain" }
  | FromKeeper;

export type FromHost =
  | { readonly kind: "listening"; readonly controlUrl: string }
  | { readonly kind: "ready" }
  | { readonly kind: "remember"; readonly memory: HostMemory }
  /** For the next host; without a material it has no use for that app's any more. */
  | { readonly kind: "keep-identity"; readonly app: AppName; readonly material?: IdentityMaterial }
  /** The configuration cannot work; restarting would not help. */
  | { readonly kind: "unusable"; readonly message: string }
  | ToKeeper;
