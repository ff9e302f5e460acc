// What the app's screen is sent: the apps to choose from, or one app's explanation with its instances by node, so that one
// that changes travels alone.

import type { AppExplanation, ExplainedInstance } from "./app-explanation.ts";
import { type AppFigures, appFigures, type FleetView, NO_USAGE } from "./fleet-figures.ts";

export type AppScreenView = AppList | AppView;

export interface AppList {
  readonly kind: "list";
  /** By name. */
  readonly apps: Readonly<Record<string, AppFigures>>;
}

export interface AppView extends Omit<AppExplanation, "instances"> {
  readonly kind: "app";
  /** By node. */
  readonly instances: Readonly<Record<string, ExplainedInstance>>;
}

export function appList(fleet: FleetView): AppList {
  const figures = appFigures(fleet, NO_USAGE);
  return { kind: "list", apps: Object.fromEntries(figures.map((row) => [row.app, row])) };
}

export function appView({ instances, ...explanation }: AppExplanation): AppView {
  return {
    kind: "app",
    ...explanation,
    instances: Object.fromEntries(instances.map((instance) => [instance.node, instance])),
  };
}

/** What all of an app's instances were refused and held back, those that could be asked. */
export interface AppThrottling {
  readonly asked: number;
  readonly requests: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly refusedTotal: number;
  readonly heldSeconds: number;
  /** Instances whose CPU is held back at present. */
  readonly heldNow: number;
}

/** Undefined if none could be asked. */
export function appThrottling(instances: readonly ExplainedInstance[]): AppThrottling | undefined {
  const refused: Record<string, number> = {};
  let [asked, requests, refusedTotal, heldSeconds] = [0, 0, 0, 0];
  for (const { throttling } of instances) {
    if (throttling === null) continue;
    asked += 1;
    requests += throttling.requests;
    heldSeconds += throttling.heldSeconds;
    for (const [reason, count] of Object.entries(throttling.refused)) {
      refused[reason] = (refused[reason] ?? 0) + count;
      refusedTotal += count;
    }
  }
  if (asked === 0) return undefined;
  const heldNow = instances.filter(({ used }) => used?.isThrottled === true).length;
  return { asked, requests, refused, refusedTotal, heldSeconds, heldNow };
}
