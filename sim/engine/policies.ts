// The placement policies a replay can run, by name.

import type { Resources } from "#model/resources.ts";
import { fixedSidecar, quarterSidecar } from "../policies/sidecar.ts";
import { BestFitPlacement } from "./best-fit-placement.ts";
import { BerthPlacement } from "./berth-placement.ts";
import { KubePlacement } from "./kube-placement.ts";
import type { PlacementPolicy } from "./placement-policy.ts";

/** The mesh that the others are compared with. */
export const BASELINE_POLICY = "sidecar-quarter";
/** Node proxies, and nobody who places pods by what they cost them. */
export const DEFAULT_POLICY = "kube-default";
/** The product itself. */
export const BERTH_POLICY = "berth";

/**
 * What Istio's chart requests for every sidecar: 100m and 128Mi
 * (manifests/charts/istio-control/istio-discovery/values.yaml, global.proxy.resources).
 */
export const ISTIO_SIDECAR: Resources = { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 };

export function placementPolicies(sidecar: Resources = ISTIO_SIDECAR): readonly PlacementPolicy[] {
  return [
    {
      name: BASELINE_POLICY,
      summary: "a sidecar of a quarter of the pod's memory in every pod; kube-scheduler's default placement",
      mesh: { kind: "sidecar", size: quarterSidecar },
      start: (context) => new KubePlacement(context),
    },
    {
      name: "sidecar-fixed",
      summary: "a sidecar of one size in every pod; kube-scheduler's default placement",
      mesh: { kind: "sidecar", size: fixedSidecar(sidecar) },
      start: (context) => new KubePlacement(context),
    },
    {
      name: DEFAULT_POLICY,
      summary:
        "a proxy per node that Berth sizes; kube-scheduler's default placement, which sees no mesh cost",
      mesh: { kind: "nodeProxy" },
      start: (context) => new KubePlacement(context),
    },
    {
      name: "kube-most-allocated",
      summary: "a proxy per node that Berth sizes; kube-scheduler's placement with MostAllocated",
      mesh: { kind: "nodeProxy" },
      start: (context) =>
        new KubePlacement(context, { scoring: "MostAllocated", percentageOfNodesToScore: 0 }),
    },
    {
      name: "best-fit",
      summary: "a proxy per node that Berth sizes; the node left with the least, whatever runs there",
      mesh: { kind: "nodeProxy" },
      start: (context) => new BestFitPlacement(context),
    },
    {
      name: BERTH_POLICY,
      summary: "a proxy per node that Berth sizes, and Berth's placement",
      mesh: { kind: "nodeProxy" },
      start: (context) => new BerthPlacement(context),
    },
  ];
}
