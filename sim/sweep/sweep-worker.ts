// A worker of a sweep: a process of its own, so that one that dies takes nothing with it but the task it was at. It plans
// the sweep itself from the same files, and is told numbers of tasks.

import { UsageError } from "#runtime/usage-error.ts";
import { planSweep, runTask } from "./sweep-plan.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

const [scenarioPath = "", resultsPath = ""] = process.argv.slice(2);

// Without its parent nobody hands out tasks.
process.once("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group of processes; the parent says when to end.
process.on("SIGINT", () => undefined);

const plan = await planSweep({ scenarioPath, resultsPath });
process.on("message", (message: ToWorker) => void work(message.index));
send({ kind: "ready" });

async function work(index: number): Promise<void> {
  try {
    const task = plan.tasks[index];
    if (task === undefined) throw new Error(`there is no task ${index}`);
    await runTask(plan, task);
    send({ kind: "done", index });
  } catch (error) {
    const { message, stack } = error as Error;
    send({ kind: "failed", index, message: error instanceof UsageError ? message : (stack ?? message) });
  }
}

function send(message: FromWorker): void {
  process.send?.(message);
}
