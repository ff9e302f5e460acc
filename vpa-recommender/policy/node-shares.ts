// How one proxy's size is shared among the apps on its node.
//   guaranteed(app) = correction(n) · [ base(app) + pods · podCost(app) ], what required(n) adds up
//   cap(app)        = the least of what the proxy has beside its own base, the app's quota and the platform's cap
// A proxy that is short of what is required guarantees every app the same part of what it calls for. Headroom is
// nobody's guarantee: it is lent to whoever needs it.

import type { AppName } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import { modelCost } from "#model/mesh-cost.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import {
  maxResources,
  minResources,
  noResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import { type AppShare, SHARED_APPS_MAX, type Shares } from "#model/shares.ts";

export interface SharingInput {
  readonly node: NodeAccount;
  readonly costs: Pick<LedgerView, "unitCost" | "profile">;
  /** What the proxy has been granted, or will have after a resize that makes it smaller. */
  readonly size: Resources;
  /** The platform's cap for an app; a resource that it leaves out is not capped. */
  readonly capOf?: (app: AppName) => Partial<Resources>;
}

/** The shares of the apps on a node; of more apps than can be shared among, the first by name. */
export function nodeShares({ node, costs, size, capOf = () => ({}) }: SharingInput): Shares["apps"] {
  const { cpu, memory } = node.correction;
  const room = maxResources(noResources, subtractResources(size, node.proxyBase));
  const apps = [...node.appPods].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, SHARED_APPS_MAX);
  const calls = apps.map(([app, pods]) => {
    const cost = modelCost([[costs.unitCost(app), pods]]);
    return { app, cpuMilli: cpu * cost.cpuMilli, memoryBytes: memory * cost.memoryBytes };
  });
  const part = (resource: keyof Resources): number => {
    const sum = calls.reduce((total, call) => total + call[resource], 0);
    return sum <= room[resource] ? 1 : room[resource] / sum;
  };
  const parts = { cpuMilli: part("cpuMilli"), memoryBytes: part("memoryBytes") };
  return new Map(
    calls.map(({ app, cpuMilli, memoryBytes }) => {
      const cap = minResources(minResources(room, quotaOf(app, costs)), { ...UNCAPPED, ...capOf(app) });
      const called = {
        cpuMilli: Math.floor(cpuMilli * parts.cpuMilli),
        memoryBytes: Math.floor(memoryBytes * parts.memoryBytes),
      };
      return [app, { guaranteed: minResources(called, cap), cap }];
    }),
  );
}

const UNCAPPED: Resources = { cpuMilli: Infinity, memoryBytes: Infinity };

function quotaOf(app: AppName, costs: Pick<LedgerView, "profile">): Resources {
  const { memoryBytes = Infinity } = costs.profile(app).quota;
  return { cpuMilli: Infinity, memoryBytes };
}

/** A guarantee that moved by less is not worth a write, nor every instance's taking new limits. */
const CHANGE_MIN = 0.05;

/** True if the proxy should be told: another set of apps, or amounts that differ by enough. */
export function isWorthSharing(told: Shares["apps"] | undefined, apps: Shares["apps"]): boolean {
  if (told === undefined) return apps.size > 0;
  if (told.size !== apps.size) return true;
  for (const [app, share] of apps) {
    const before = told.get(app);
    if (before === undefined || hasMoved(before, share)) return true;
  }
  return false;
}

function hasMoved(before: AppShare, after: AppShare): boolean {
  return (["guaranteed", "cap"] as const).some((kind) =>
    (["cpuMilli", "memoryBytes"] as const).some(
      (resource) =>
        Math.abs(after[kind][resource] - before[kind][resource]) > CHANGE_MIN * before[kind][resource],
    ),
  );
}
