// Tells the preloaded module of fault-preload.ts which app's worker shall go wrong, and how.

import { BroadcastChannel } from "node:worker_threads";

import { FAULT_CHANNEL } from "./fault-preload.ts";
import type { FaultOrder } from "./fault-preload.ts";

export function orderFault(order: FaultOrder): void {
  const channel = new BroadcastChannel(FAULT_CHANNEL);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Only windows have origins.
  channel.postMessage(order);
  channel.close();
}
