import assert from "node:assert/strict";
import { test } from "node:test";
import { uniformNodes } from "./fleet.ts";
import { minimumNodes } from "./minimum-nodes.ts";
import { placementPolicies } from "./policies.ts";
import { replay } from "./replay.ts";
import { aTracePod, SMALL_NODE } from "./test-trace.ts";

const PODS = Array.from({ length: 60 }, (_, index) =>
  aTracePod({ id: `p${index}`, app: `app-${index % 9}` }),
);

for (const policy of placementPolicies()) {
  test(`${policy.name}: as many nodes as are found do, one fewer do not, and the seed decides`, () => {
    const options = { pods: PODS, policy, seed: 3 };
    const run = replay({ ...options, fleet: { kind: "auto", nodeSize: SMALL_NODE } });
    const auto = { kind: "auto" as const, nodeSize: SMALL_NODE };
    const found = minimumNodes({ ...options, fleet: auto, order: "file", run, rounds: 1 });
    assert.ok(found.nodes !== undefined && found.nodes > 1);
    const unplacedOn = (count: number): number =>
      replay({ ...options, fleet: { kind: "fixed", nodes: uniformNodes(count, SMALL_NODE) } }).pods.unplaced;
    assert.equal(unplacedOn(found.nodes), 0);
    assert.ok(unplacedOn(found.nodes - 1) > 0);
    assert.deepEqual(minimumNodes({ ...options, fleet: auto, order: "file", run, rounds: 1 }), found);
  });
}

test("of several rounds the ninth tenth counts, on the nodes that there are, and too few of them are said", () => {
  const [, policy] = placementPolicies();
  assert.ok(policy !== undefined);
  const large = { cpuMilli: 2 * SMALL_NODE.cpuMilli, memoryBytes: 2 * SMALL_NODE.memoryBytes };
  const nodes = [...uniformNodes(6, SMALL_NODE), { name: "large", allocatable: large }];
  const fleet = { kind: "fixed" as const, nodes };
  const run = replay({ pods: PODS, policy, seed: 1, fleet });
  const found = minimumNodes({ pods: PODS, policy, seed: 1, fleet, order: "shuffled", run, rounds: 10 });
  assert.ok((found.nodesMin ?? 0) < (found.nodesMax ?? 0), "with the large node among the first, fewer do");
  assert.ok(
    (found.nodes ?? 0) >= (found.nodesMin ?? Infinity) && (found.nodes ?? 0) <= (found.nodesMax ?? 0),
  );
  const hopeful = { ...run, pods: { ...run.pods, unplaced: -1 } };
  const none = minimumNodes({ pods: PODS, policy, seed: 1, fleet, order: "file", run: hopeful, rounds: 3 });
  assert.deepEqual([none.nodes, none.rounds], [undefined, 1]);
});
