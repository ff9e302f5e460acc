// Connections past the proxy, as metrics.

import type { AppName } from "#model/brand.ts";
import { BYPASSED } from "../policy/bypass-count.ts";
import type { BypassCounts } from "./bypass-watch.ts";
import type { MetricFamily } from "./exposition.ts";

/** @param counts undefined where nobody counts them. @param labelOf undefined for an app that has no instance here. */
export function bypassFamilies(
  counts: BypassCounts | undefined,
  labelOf: (app: AppName) => string | undefined,
): readonly MetricFamily[] {
  const samples = [...(counts ?? [])].flatMap(([app, byDestination]) => {
    const label = labelOf(app);
    if (label === undefined) return [];
    return BYPASSED.map((destination) => ({
      labels: { app: label, destination },
      value: byDestination[destination],
    }));
  });
  return [
    {
      name: "berth_proxy_bypassing_connections_total",
      help: "Connections that the app's pods on this node opened past the proxy: to a Service that it reaches by node, or to anything else. Only with --count-bypassing.",
      type: "counter",
      samples,
    },
  ];
}
