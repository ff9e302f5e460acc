// A node proxy where there is no real one: ready, and taken at its model's word where there are no measurements of it.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { type Correction, NO_CORRECTION } from "#model/correction.ts";
import type { Resources } from "#model/resources.ts";

export interface StandInProxySize {
  /** What it requests now. */
  readonly request: Resources;
  /** What it costs without any instance. */
  readonly base: Resources;
  /** The model's word if absent. */
  readonly correction?: Correction | undefined;
}

export function standInProxy(
  nodeName: NodeName,
  { request, base, correction = NO_CORRECTION }: StandInProxySize,
): PodView {
  return {
    uid: standInProxyUid(nodeName),
    namespace: "berth-system",
    name: `proxy-on-${nodeName}`,
    app: undefined,
    request,
    nodeName,
    isFinished: false,
    ownerUid: "daemonset",
    proxy: { isReady: true, base, correction },
  };
}

export function standInProxyUid(node: NodeName): PodUid {
  return `proxy-on-${node}` as PodUid;
}
