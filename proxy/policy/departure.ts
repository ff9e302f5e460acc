// When an ending proxy may stop listening for an app. Where another proxy of the node serves the app already, at once:
// new connections find that one. Where none does, not before the requests that were in progress are done, so that the
// time in which nobody listens is not made longer by the slowest of them, and not before other nodes have been told to
// send an app's requests elsewhere; and then for all apps together, because the process ends with the last.

import type { AppName } from "#model/brand.ts";

export interface DepartureView {
  /** Since the proxy was told to end. */
  readonly elapsedMs: number;
  /** Another proxy of this node is there and is not ending. */
  readonly hasPeer: boolean;
  readonly instances: readonly DepartingInstance[];
}

export interface DepartingInstance {
  readonly app: AppName;
  readonly isServing: boolean;
  readonly isServedByPeer: boolean;
  /** What was in progress when the proxy was told to end has ended. */
  readonly isSettled: boolean;
  /** When other nodes were last told to send its requests here, since the proxy was told to end; undefined if never. */
  readonly announcedMs: number | undefined;
}

/**
 * In all, before requests in progress are given their drain timeout. A proxy that is starting serves within a second or
 * two; one that cannot must not keep the old one from ending before kubelet kills it.
 */
export const DEPARTURE_MS_MAX = 10_000;

/**
 * Other nodes hear at about the same time as this one that they are to send requests elsewhere, and what they have sent by
 * then arrives.
 */
export const MOVED_MS = 500;

/** How long a proxy alone waits for another to come, which kubelet may have started a moment ago. */
export const COMPANY_MS = 500;

/** @returns the apps that may be left now. */
export function mayLeave({ elapsedMs, hasPeer, instances }: DepartureView): readonly AppName[] {
  const isOver = elapsedMs >= DEPARTURE_MS_MAX;
  const isAloneAndSettled =
    !hasPeer &&
    elapsedMs >= COMPANY_MS &&
    instances.every(
      ({ isServing, isSettled, announcedMs }) =>
        !isServing || (isSettled && (announcedMs === undefined || elapsedMs - announcedMs >= MOVED_MS)),
    );
  if (isOver || isAloneAndSettled) return instances.map(({ app }) => app);
  if (!hasPeer) return [];
  return instances
    .filter(({ isServing, isServedByPeer }) => !isServing || isServedByPeer)
    .map(({ app }) => app);
}
