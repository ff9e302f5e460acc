// An app's two ports, the same on every node: the environment of a pod is set before its node is known. Pairs come
// from a range clear of NodePorts (30000–32767) and of Linux's ephemeral range (32768–60999).

import type { AppPorts } from "#model/mesh-profile.ts";

export interface PortRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

export const DEFAULT_PORT_RANGE: PortRange = { first: 20_000, last: 27_999 };

/**
 * The next free pair after `afterPort`, going round: ports that were just given back are the last to be used again,
 * since pods and caches may still know them.
 *
 * @returns undefined if the range is used up.
 */
export function allocatePorts(
  used: ReadonlySet<number>,
  { range, afterPort }: { readonly range: PortRange; readonly afterPort: number | undefined },
): AppPorts | undefined {
  const pairs = Math.floor((range.last - range.first + 1) / 2);
  const start = afterPort === undefined ? 0 : Math.floor((afterPort - range.first) / 2) + 1;
  for (let step = 0; step < pairs; step++) {
    const inbound = range.first + 2 * ((((start + step) % pairs) + pairs) % pairs);
    if (!used.has(inbound) && !used.has(inbound + 1)) return { inbound, outbound: inbound + 1 };
  }
  return undefined;
}
