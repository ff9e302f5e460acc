// What the writing verbs work on.

import type { Clock } from "#runtime/clock.ts";
import type { MutatingWebhooks } from "./mutating-webhooks.ts";
import type { ObjectStore } from "./object-store.ts";

export interface WriteContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly webhooks: MutatingWebhooks;
}
