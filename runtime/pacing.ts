// Lockstep with a replay: the parent process owns the clock. It moves time on, then asks for "settled": this process
// has seen everything up to a resourceVersion and has no work left at the present time. Over the IPC channel of
// child_process.fork; a component that is not forked runs on the machine's clock.

import type { Clock } from "./clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** From the parent. */
export type PaceRequest =
  | { readonly kind: "advance"; readonly nowMs: number }
  | { readonly kind: "settle"; readonly id: number; readonly resourceVersion: number };

/** To the parent: when this process next has something to do by itself. */
export interface Settled {
  readonly kind: "settled";
  readonly id: number;
  readonly nextDueMs: number | undefined;
}

export interface PacedComponent {
  /** Resolves when all of `resourceVersion` was seen and acted on. */
  settle(resourceVersion: number): Promise<void>;
}

export interface Pacing {
  readonly clock: Clock;
  /** Starts answering the parent; before that its messages wait. */
  serve(component: PacedComponent): void;
}

/**
 * Resolves with the first time that the parent tells: timers set before would fire for all the time since 1970.
 *
 * @throws Error if this process has no IPC channel.
 */
export async function pacedByParent(): Promise<Pacing> {
  if (process.send === undefined) throw new Error("a paced process must be started with an IPC channel");
  const started = Promise.withResolvers<number>();
  const waiting: PaceRequest[] = [];
  let handle = (request: PaceRequest): void => {
    if (request.kind === "advance") started.resolve(request.nowMs);
    waiting.push(request);
  };
  process.on("message", (message) => handle(message as PaceRequest));
  const clock = new VirtualClock(await started.promise);
  return {
    clock,
    serve(component) {
      handle = (request) => void answer(request, clock, component);
      for (const request of waiting.splice(0)) handle(request);
    },
  };
}

async function answer(request: PaceRequest, clock: VirtualClock, component: PacedComponent): Promise<void> {
  if (request.kind === "advance") return clock.advanceTo(request.nowMs);
  await component.settle(request.resourceVersion);
  const settled: Settled = { kind: "settled", id: request.id, nextDueMs: clock.nextDueMs() };
  process.send?.(settled);
}
