// An instance in a process of its own, a child of the supervisor: the host talks to it through that, and may die and be
// replaced meanwhile. It ends when the supervisor does.

import { InstanceCounters } from "./instance-counters.ts";
import type { FromInstanceProcess } from "./process-messages.ts";
import { runInstance } from "./run-instance.ts";
import type { InstanceData, ToWorker } from "./worker-messages.ts";

/** Called by what loaded this, with what the host sent first. */
export async function sit(data: InstanceData): Promise<void> {
  const counters = new InstanceCounters();
  const count = (): void =>
    tell({
      kind: "counts",
      values: counters.values(),
      cpuMicros: cpuMicros(),
      residentBytes: process.memoryUsage.rss(),
    });
  // Nobody would restart it, and its successor needs the ports.
  process.on("disconnect", () => process.exit(1));
  process.on("uncaughtExceptionMonitor", (error) => tell({ kind: "uncaught", message: error.message }));
  // What was counted since the last heartbeat.
  process.on("exit", count);
  await runInstance({
    data,
    counters,
    cpuMicros,
    tell,
    listen: (heard) => void process.on("message", (message: ToWorker) => heard(message)),
    beat: count,
    end: (exitCode) => process.exit(exitCode),
  });
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function tell(message: FromInstanceProcess): void {
  if (process.connected) process.send?.(message, () => undefined);
}
