// An instance in a worker thread of the host.

import { parentPort, workerData } from "node:worker_threads";

import { assert } from "#model/assert.ts";

import { InstanceCounters } from "./instance-counters.ts";
import { runInstance } from "./run-instance.ts";
import type { InstanceData } from "./worker-messages.ts";

assert(parentPort !== null, "the instance runs in a worker thread");
const host = parentPort;
const { counters, ...data } = workerData as InstanceData & { readonly counters: SharedArrayBuffer };

await runInstance({
  data,
  counters: new InstanceCounters(counters),
  cpuMicros() {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
  tell: (message) => host.postMessage(message, []),
  listen: (heard) => void host.on("message", heard),
  // The host reads the counters where they are.
  beat: () => undefined,
  end: (exitCode) => process.exit(exitCode),
});
