import assert from "node:assert/strict";
import { test } from "node:test";
import { costedDemand, cpuMilliFreeAfter, memoryBytesFreeAfter, rejectionOf } from "#model/fit.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { generateTrace } from "../traces/generator.ts";
import { BestFitPlacement } from "./best-fit-placement.ts";
import { uniformNodes } from "./fleet.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import { replay } from "./replay.ts";
import { SMALL_NODE } from "./test-trace.ts";

test("best-fit over the index leaves as little as asking every node would", () => {
  let compared = 0;
  const checked: PlacementPolicy = {
    name: "checked",
    summary: "best-fit beside a full scan",
    mesh: { kind: "nodeProxy" },
    start: (context) => {
      const { ledger } = context.cluster;
      const placer = new BestFitPlacement(context);
      return Object.assign(Object.create(placer), {
        accepts: placer.accepts.bind(placer),
        place: (pod: Parameters<typeof placer.place>[0]) => {
          const demand = costedDemand(pod, ledger);
          const left = (node: NodeLedger): number =>
            cpuMilliFreeAfter(node, demand, 1) / node.allocatable.cpuMilli +
            memoryBytesFreeAfter(node, demand, 1) / node.allocatable.memoryBytes;
          const takers = [...ledger.nodes()].filter((node) => rejectionOf(node, demand) === undefined);
          const least = takers.reduce((share, node) => Math.min(share, left(node)), Infinity);
          const chosen = placer.place(pod);
          const node = chosen === undefined ? undefined : ledger.node(chosen);
          assert.equal(node === undefined ? Infinity : left(node), least);
          compared++;
          return chosen;
        },
      });
    },
  };
  const pods = generateTrace({ seed: 3, pods: 400, spanSeconds: 24 * 3600, podSize: 0.5 });
  replay({
    pods,
    policy: checked,
    fleet: { kind: "fixed", nodes: uniformNodes(8, SMALL_NODE) },
    seed: 1,
    podsPerNodeMax: 1000,
  });
  assert.ok(compared >= pods.length);
});
