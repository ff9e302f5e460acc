import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { costedDemand } from "#model/fit.ts";
import { place } from "#scheduler-extender/policy/placement.ts";
import { everyCandidate } from "#test/oracle/every-candidate.ts";
import { generateTrace } from "../traces/generator.ts";
import { BerthPlacement } from "./berth-placement.ts";
import { uniformNodes } from "./fleet.ts";
import type { PlacementPolicy, PolicyContext } from "./placement-policy.ts";
import { replay } from "./replay.ts";
import type { ReplayPod } from "./replay-pod.ts";
import { SMALL_NODE } from "./test-trace.ts";

/** Berth's placement, each decision compared with one over all nodes. */
class ComparedPlacement extends BerthPlacement {
  readonly #context: PolicyContext;
  decisions = 0;

  constructor(context: PolicyContext) {
    super(context);
    this.#context = context;
  }

  override place(pod: ReplayPod): NodeName | undefined {
    const { cluster, podsPerNodeMax } = this.#context;
    const { ledger } = cluster;
    const open = [...ledger.nodes()].filter(({ occupants }) => occupants.size + 1 < podsPerNodeMax);
    const expected = place(costedDemand(pod, ledger), everyCandidate(open), { ledger });
    const chosen = super.place(pod);
    assert.equal(chosen, expected?.node);
    this.decisions++;
    return chosen;
  }
}

test("asking only the nodes that may matter changes no decision", () => {
  // On the small nodes CPU runs out first, on the large ones memory.
  const large = { cpuMilli: 32_000, memoryBytes: 1.25 * SMALL_NODE.memoryBytes };
  const mixed = [
    ...uniformNodes(4, SMALL_NODE),
    ...uniformNodes(7, large).slice(4),
    ...uniformNodes(12, SMALL_NODE).slice(7),
  ];
  for (const seed of [1, 2, 3, 4]) {
    let placement: ComparedPlacement | undefined;
    const policy: PlacementPolicy = {
      name: "compared",
      summary: "",
      mesh: { kind: "nodeProxy" },
      start: (context) => (placement = new ComparedPlacement(context)),
    };
    const pods = generateTrace({ seed, pods: 600, spanSeconds: 2 * 24 * 3600, podSize: 0.5 });
    replay({ pods, policy, fleet: { kind: "fixed", nodes: mixed }, seed, podsPerNodeMax: 8 });
    assert.ok((placement?.decisions ?? 0) >= 600);
  }
});
