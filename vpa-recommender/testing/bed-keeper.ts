// A bed's autoscalers' keeper, with templates that may be changed once a day.

import type { WriteBudget } from "../shell/write-budget.ts";
import { DEFAULT_DEMAND } from "../policy/node-demand.ts";
import { AutoscalerKeeper, type AutoscalerKeeperOptions } from "../shell/autoscaler-keeper.ts";
import { AutoscalerStatusWriter } from "../shell/autoscaler-status-writer.ts";
import { ResizeSupport } from "../shell/resize-support.ts";
import { TemplateKeeper } from "../shell/template-keeper.ts";

const SIZES = { percentile: 0.9, intervalMs: 24 * 3_600_000 };

export function bedKeeper(
  options: Omit<AutoscalerKeeperOptions, "statuses" | "templates" | "demand"> & {
    readonly budget: WriteBudget;
  },
): AutoscalerKeeper {
  const { connection, budget, logger, events } = options;
  return new AutoscalerKeeper({
    ...options,
    demand: DEFAULT_DEMAND,
    statuses: new AutoscalerStatusWriter({ connection, budget, logger }),
    templates: new TemplateKeeper({ connection, budget, events, sizes: SIZES }),
  });
}

/** As of an API server that serves no pods/resize. */
export function noResize(): ResizeSupport {
  return new ResizeSupport({ get: () => Promise.resolve({ resources: [{ name: "pods" }] }) }, () => 0);
}
