// Metrics of the service table.

import type { MetricFamily } from "./exposition.ts";
import type { ServiceTableCounts } from "./service-table.ts";

const FAMILIES: readonly (Omit<MetricFamily, "samples"> & { readonly count: keyof ServiceTableCounts })[] = [
  {
    count: "services",
    name: "berth_proxy_services",
    help: "Services that are reached by node, in the whole cluster.",
    type: "gauge",
  },
  {
    count: "entries",
    name: "berth_proxy_service_entries",
    help: "Nodes that they are reached by, one per Service and node.",
    type: "gauge",
  },
  {
    count: "updates",
    name: "berth_proxy_service_updates_total",
    help: "Changes of their slices that were seen, each slice's first sight included.",
    type: "counter",
  },
  {
    count: "followed",
    name: "berth_proxy_followed_names",
    help: "Names that instances of this proxy were asked for and are told of, Services or not.",
    type: "gauge",
  },
];

/** @param counts undefined where every Service is reached directly. */
export function serviceFamilies(counts: ServiceTableCounts | undefined): readonly MetricFamily[] {
  return FAMILIES.map(({ count, name, help, type }) => ({
    name,
    help,
    type,
    samples: counts === undefined ? [] : [{ value: counts[count] }],
  }));
}
