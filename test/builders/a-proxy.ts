// The node proxy's pod on node-1, ready, at 200m and 256 MiB with half of that as its base, unless said otherwise.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView, ProxyView } from "#model/cluster-view.ts";
import { NO_CORRECTION } from "#model/correction.ts";
import { MIB } from "./sizes.ts";

interface ProxyOverrides extends Partial<ProxyView> {
  readonly name?: string;
  readonly uid?: string;
  readonly node?: string;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
  readonly isFinished?: boolean;
}

export function aProxy(overrides: ProxyOverrides = {}): PodView {
  const { node = "node-1", name = `proxy-on-${node}` } = overrides;
  return {
    uid: (overrides.uid ?? `uid-of-${name}`) as PodUid,
    namespace: "berth-system",
    name,
    app: undefined,
    request: { cpuMilli: overrides.cpuMilli ?? 200, memoryBytes: overrides.memoryBytes ?? 256 * MIB },
    nodeName: node as NodeName,
    isFinished: overrides.isFinished ?? false,
    ownerUid: "uid-of-daemonset",
    proxy: {
      isReady: overrides.isReady ?? true,
      base: overrides.base ?? { cpuMilli: 100, memoryBytes: 128 * MIB },
      correction: overrides.correction ?? NO_CORRECTION,
      ...(overrides.address !== undefined && { address: overrides.address }),
    },
  };
}
