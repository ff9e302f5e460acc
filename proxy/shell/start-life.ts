// Gives an instance a body: a thread of the host, or a process of its own, which may be one that an earlier host started.

import type { Isolation } from "#model/mesh-profile.ts";

import type { HeapLimits } from "../policy/heap-limits.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import { FollowedServices } from "./followed-services.ts";
import type { BodyEnd, InstanceBody } from "./instance-body.ts";
import type { Life } from "./instance-life.ts";
import type { InstanceOutput } from "./instance-output.ts";
import type { InstanceProcesses } from "./instance-processes.ts";
import type { ServiceTable } from "./service-table.ts";
import { ThreadBody } from "./thread-body.ts";
import type { ThreadWatcher } from "./thread-cgroups.ts";
import type { FromWorker, InstanceData } from "./worker-messages.ts";

export interface LifeOptions {
  readonly data: InstanceData;
  readonly heap: HeapLimits;
  readonly isolation: Isolation;
  readonly watchdog: WatchdogLimits;
  /** URL of a module that the worker loads first. */
  readonly workerPreload?: string | undefined;
  /** Absent: every Service is reached directly. */
  readonly services?: ServiceTable | undefined;
  /** Absent: every instance runs in a thread of the host. */
  readonly processes?: InstanceProcesses | undefined;
  /** Absent: threads stay in the control group of the process. */
  readonly threads?: ThreadWatcher | undefined;
  /** Of a thread; what a process prints is the supervisor's to log. */
  readonly output: InstanceOutput;
  readonly heard: (life: Life, message: FromWorker) => void;
  readonly ended: (life: Life, end: BodyEnd) => void;
}

export function startLife(options: LifeOptions): Life {
  const { services, heard, ended } = options;
  const listener = {
    said: (message: FromWorker) => heard(life, message),
    ended: (end: BodyEnd) => ended(life, end),
  };
  const { body, heap, isolation } = bodyOf(options, listener);
  const life: Life = {
    body,
    heap,
    isolation,
    services: new FollowedServices(services, (name, service) =>
      body.tell({ kind: "service", name, ...(service !== undefined && { service }) }),
    ),
    isListening: false,
    bindFailure: undefined,
    cancelDeadline: undefined,
  };
  return life;
}

interface Body {
  readonly body: InstanceBody;
  readonly heap: HeapLimits;
  readonly isolation: Isolation;
}

function bodyOf(
  { data, heap, isolation, watchdog, workerPreload: preload, processes, output, threads }: LifeOptions,
  listener: ConstructorParameters<typeof ThreadBody>[0]["listener"],
): Body {
  if (isolation === "thread" || processes === undefined) {
    const body = new ThreadBody({ data, heap, watchdog, preload, output, threads, listener });
    return { body, heap, isolation: "thread" };
  }
  const running = processes.takeOver({ data, watchdog, listener });
  if (running !== undefined) return { ...running, isolation };
  return { body: processes.start({ data, heap, watchdog, preload, listener }), heap, isolation };
}
