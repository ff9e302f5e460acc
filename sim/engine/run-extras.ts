// The parts of a run that only some scenarios have: made where their conditions are given, and told what came of them.

import type { NodeName } from "#model/brand.ts";
import { maxResources, noResources, type Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import type { AppProfiles } from "./app-profiles.ts";
import type { FleetShape } from "./fleet.ts";
import { InstanceLives, type InstancesResult } from "./instance-lives.ts";
import type { WatchResult } from "./lagged-view.ts";
import { LateResizes, type ResizingResult } from "./late-resizes.ts";
import { type PodStartResult, podStartSaved } from "./pod-start.ts";
import type { ClusterObserver, ReplayCluster } from "./replay-cluster.ts";
import type { RunConditions } from "./run-conditions.ts";
import { type UsageResult, UsageRun } from "./usage-run.ts";

export interface ExtrasContext {
  readonly cluster: ReplayCluster;
  readonly clock: Clock;
  readonly seed: number;
  readonly profiles: AppProfiles;
  readonly proxyBase: Resources;
  readonly fleet: FleetShape;
}

/** Each is there where the conditions say something of it. */
export interface ExtraResults {
  readonly watch?: WatchResult;
  /** Of node proxies only, as are those below. */
  readonly instances?: InstancesResult;
  readonly resizing?: ResizingResult;
  readonly podStart?: PodStartResult;
  readonly usage?: UsageResult;
}

export class RunExtras {
  readonly #conditions: RunConditions;
  readonly #lives: InstanceLives | undefined;
  readonly #usage: UsageRun | undefined;
  /** What is late about resizes; undefined if nothing is. */
  readonly late: LateResizes | undefined;

  constructor(conditions: RunConditions, context: ExtrasContext) {
    const { cluster, clock, seed } = context;
    // A sidecar is as large as it is, and starts with its pod.
    this.#conditions = cluster.mesh.kind === "nodeProxy" ? conditions : {};
    const { resizes, instances } = this.#conditions;
    const lives =
      instances &&
      new InstanceLives({
        conditions: instances,
        clock,
        baseOf: (app) => cluster.ledger.unitCost(app).base,
        onGone: (name) => this.late?.noteNeed(name),
      });
    this.#lives = lives;
    const moreOn = lives && ((name: NodeName): Resources => lives.lingeringOn(name));
    this.#usage = usageRun(this.#conditions, context);
    this.#usage?.begin();
    this.late = resizes && new LateResizes({ conditions: resizes, seed, clock, moreOn });
  }

  /** Those that want to be told of the cluster's changes, before proxies are sized. */
  observers(): readonly ClusterObserver[] {
    return this.#lives === undefined ? [] : [this.#lives];
  }

  results(podsPlaced: number): ExtraResults {
    const { podStart } = this.#conditions;
    return {
      ...(this.#lives !== undefined && { instances: this.#lives.result() }),
      ...(this.late !== undefined && { resizing: this.late.result() }),
      ...(podStart !== undefined && { podStart: podStartSaved(podStart, podsPlaced) }),
      ...(this.#usage !== undefined && { usage: this.#usage.result() }),
    };
  }
}

function usageRun({ usage }: RunConditions, context: ExtrasContext): UsageRun | undefined {
  if (usage === undefined) return undefined;
  const { cluster, fleet, ...rest } = context;
  const sizes = fleet.kind === "auto" ? [fleet.nodeSize] : fleet.nodes.map(({ allocatable }) => allocatable);
  const allocatable = sizes.reduce(maxResources, noResources);
  return new UsageRun({ ...rest, conditions: usage, nodes: () => cluster.ledger.nodes(), allocatable });
}
