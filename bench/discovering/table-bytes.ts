// What a proxy's table of Services takes of the heap, filled from the very texts that the API server sends.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import type { NodeSlice } from "#model/node-slice.ts";
import { decodeNodeSlice, nodeSliceObject } from "#kube/node-slice.ts";
import { ServiceTable } from "#proxy/shell/service-table.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";

export function tableBytes(slices: Iterable<NodeSlice>): number {
  const texts = [...slices].map((slice) => JSON.stringify(nodeSliceObject(slice)));
  // The decoder compiles itself with its first use.
  for (const text of texts.slice(0, 1)) decodeNodeSlice(JSON.parse(text));
  const table = new ServiceTable({ nodeAddress: "10.0.0.1", clock: new VirtualClock() });
  const before = usedBytes();
  for (const text of texts) table.sliceSeen(decodeNodeSlice(JSON.parse(text)));
  const bytes = usedBytes() - before;
  // Still needed here, or it would be garbage above.
  return table.counts().services > 0 ? bytes : 0;
}

function usedBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
