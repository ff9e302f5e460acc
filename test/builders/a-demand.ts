// What a placement decision is asked about: a pod of shop/cart, unless said otherwise.

import type { PodDemand } from "#model/ledger.ts";
import { aPod } from "./a-pod.ts";

/** The demand of `aPod` with the same overrides. */
export function aDemand(overrides: Parameters<typeof aPod>[0] = {}): PodDemand {
  const { uid, app, request, ownerUid } = aPod(overrides);
  return { uid, app, request, ownerUid };
}
