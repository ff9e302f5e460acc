// An instance in a worker thread of the host.

import { readlinkSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

import { assert } from "#model/assert.ts";

import { InstanceCounters } from "./instance-counters.ts";
import { runInstance } from "./run-instance.ts";
import type { FromThread, InstanceData } from "./worker-messages.ts";

assert(parentPort !== null, "the instance runs in a worker thread");
const host = parentPort;
const { counters, isThreadWanted, ...data } = workerData as InstanceData & {
  readonly counters: SharedArrayBuffer;
  readonly isThreadWanted: boolean;
};

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
if (isThreadWanted) tellThread();

/** Only now that it listens: a cap would draw out the start, which uses more CPU than its quota and is over soon. */
function tellThread(): void {
  try {
    // PID/task/ID; only the thread itself can ask for it.
    const nativeThreadId = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    const message: FromThread = { kind: "thread", nativeThreadId };
    host.postMessage(message, []);
  } catch {
    // Without /proc it stays in the group of the process, and holds its quota by itself as ever.
  }
}
