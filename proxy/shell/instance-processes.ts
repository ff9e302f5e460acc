// The host's end of the instances that run in processes of their own: orders them from the supervisor, and takes over
// those that the host before this one had.

import { randomUUID } from "node:crypto";

import type { AppName } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";

import type { HeapLimits } from "../policy/heap-limits.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import type { BodyListener } from "./instance-body.ts";
import { ProcessBody } from "./process-body.ts";
import type { FromKeeper, ProcessId, ServingProcess, ToKeeper } from "./process-messages.ts";
import { workerCode } from "./worker-code.ts";
import type { InstanceData } from "./worker-messages.ts";

export interface InstanceProcessesOptions {
  /** To the supervisor. */
  readonly tell: (message: ToKeeper) => void;
  readonly clock: Clock;
  /** As the supervisor found them when this host started. */
  readonly serving: readonly ServingProcess[];
}

export interface ProcessBodyOptions {
  readonly data: InstanceData;
  readonly heap: HeapLimits;
  readonly watchdog: WatchdogLimits;
  readonly preload: string | undefined;
  readonly listener: BodyListener;
}

export class InstanceProcesses {
  readonly #options: InstanceProcessesOptions;
  readonly #bodies = new Map<ProcessId, ProcessBody>();
  readonly #unclaimed: Map<AppName, ServingProcess>;

  constructor(options: InstanceProcessesOptions) {
    this.#options = options;
    this.#unclaimed = new Map(options.serving.map((process) => [process.app, process]));
  }

  start({ data, heap, watchdog, preload, listener }: ProcessBodyOptions): ProcessBody {
    const { tell } = this.#options;
    const id = randomUUID();
    const body = this.#body(id, { watchdog, listener });
    const start = { code: workerCode("process"), preload, data };
    tell({ kind: "start-process", order: { id, app: data.app, heap, start } });
    return body;
  }

  /**
   * Takes over the app's process of an earlier host, which goes on as it is: it is told the present settings, and what it
   * said of itself is said once more, a moment later.
   *
   * @returns undefined if there is none on these ports.
   */
  takeOver({
    data,
    watchdog,
    listener,
  }: Omit<ProcessBodyOptions, "heap" | "preload">): TakenOver | undefined {
    const found = this.#unclaimed.get(data.app);
    if (found === undefined) return undefined;
    const { inbound, outbound } = data.ports;
    const isSame = inbound === found.ports.inbound && outbound === found.ports.outbound;
    if (!isSame && inbound !== 0) return undefined;
    this.#unclaimed.delete(data.app);
    const body = this.#body(found.id, { watchdog, listener });
    body.started(found.pid);
    body.tell({ kind: "quota", quota: data.quota });
    body.tell({ kind: "settings", settings: data.settings });
    this.#options.clock.after(0, () => {
      body.said({ kind: "listening", ports: found.ports });
      for (const name of found.followed) body.said({ kind: "follow-service", name });
    });
    return { body, heap: found.heap };
  }

  /** Lets those that nobody took over finish within that time. */
  dismissUnclaimed(withinMs: number): void {
    const { tell, clock } = this.#options;
    const ids = [...this.#unclaimed.values()].map(({ id }) => id);
    this.#unclaimed.clear();
    for (const id of ids) {
      tell({ kind: "tell-process", id, message: { kind: "drain", drain: "aside" } });
      clock.after(withinMs, () => tell({ kind: "end-process", id }));
    }
  }

  heard(message: FromKeeper): void {
    const body = this.#bodies.get(message.id);
    switch (message.kind) {
      case "process-started":
        body?.started(message.pid);
        return;
      case "process-said":
        body?.said(message.message);
        return;
      case "process-ended":
        this.#bodies.delete(message.id);
        for (const [app, { id }] of this.#unclaimed) if (id === message.id) this.#unclaimed.delete(app);
        body?.ended(message.end);
    }
  }

  #body(
    id: ProcessId,
    { watchdog, listener }: Pick<ProcessBodyOptions, "watchdog" | "listener">,
  ): ProcessBody {
    const { tell } = this.#options;
    const orders = {
      tell: (message: Parameters<ProcessBody["tell"]>[0]) => tell({ kind: "tell-process", id, message }),
      end: () => tell({ kind: "end-process", id }),
    };
    const body = new ProcessBody(orders, listener, watchdog);
    this.#bodies.set(id, body);
    return body;
  }
}

export interface TakenOver {
  readonly body: ProcessBody;
  /** The bounds that its heap has. */
  readonly heap: HeapLimits;
}
