// Loaded into every worker by tests of isolation, never in production: on a message it makes the worker of
// one app go wrong in the way that the message names.

import { BroadcastChannel, workerData } from "node:worker_threads";

export const FAULTS = ["heap-exhaustion", "throw", "exit", "endless-loop"] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultOrder {
  readonly app: string;
  readonly fault: Fault;
}

export const FAULT_CHANNEL = "berth-test-faults";

if (workerData !== null) {
  const { app } = workerData as { readonly app: string };
  const channel = new BroadcastChannel(FAULT_CHANNEL);
  channel.addEventListener("message", (event) => {
    const order = (event as Event & { readonly data: FaultOrder }).data;
    if (order.app === app) go(order.fault);
  });
}

function go(fault: Fault): void {
  switch (fault) {
    case "heap-exhaustion":
      grow([]);
      return;
    case "throw":
      setImmediate(() => {
        throw new Error("thrown by a test");
      });
      return;
    case "exit":
      process.exit(7);
      return;
    case "endless-loop":
      for (;;);
  }
}

/** Small objects, a few at a time: one giant allocation would abort the whole process instead. */
function grow(kept: object[]): void {
  for (let count = 0; count < 10_000; count++) kept.push({ count, text: `${count}` });
  setImmediate(() => grow(kept));
}
