import assert from "node:assert/strict";
import { test } from "node:test";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { explainedPolicy } from "./explained-policy.ts";
import { BERTH_POLICY, placementPolicies } from "./policies.ts";
import { replay } from "./replay.ts";
import { aTracePod, SMALL_NODE } from "./test-trace.ts";
import { uniformNodes } from "./fleet.ts";

const PODS = Array.from({ length: 40 }, (_, index) =>
  aTracePod({ id: `p${index}`, app: `app-${index % 7}` }),
);
const berth = placementPolicies().find(({ name }) => name === BERTH_POLICY);

function explained(pod: string): { readonly told: readonly Explanation[]; readonly result: object } {
  assert.ok(berth !== undefined);
  const told: Explanation[] = [];
  const policy = explainedPolicy(berth, { pod, onExplained: (explanation) => void told.push(explanation) });
  const fleet = { kind: "fixed" as const, nodes: uniformNodes(6, SMALL_NODE) };
  return { told, result: replay({ pods: PODS, policy, fleet, seed: 1 }) };
}

test("one pod's decision is explained with its candidates, and the run is as it would have been", () => {
  assert.ok(berth !== undefined);
  const plain = replay({
    pods: PODS,
    policy: berth,
    fleet: { kind: "fixed", nodes: uniformNodes(6, SMALL_NODE) },
    seed: 1,
  });
  for (const pod of ["p0", "p20", "p39"]) {
    const { told, result } = explained(pod);
    assert.deepEqual(result, plain);
    const [explanation] = told;
    assert.equal(explanation?.pod.name, pod);
    assert.equal(explanation.nodes, 6);
    assert.ok(explanation.winner !== undefined && explanation.winner.candidates.length > 0);
  }
  assert.equal(explained("p0").told[0]?.winner?.reason, "opensInstance");
  assert.equal(explained("p20").told[0]?.winner?.reason, "joinsInstance");
  assert.equal(explained("nobody").told.length, 0);
});

test("the winner that is explained is the node that the pod gets", () => {
  assert.ok(berth !== undefined);
  for (const { id } of PODS.slice(0, 12)) {
    let told: string | undefined;
    let chosen: string | undefined;
    const watched = explainedPolicy(berth, { pod: id, onExplained: ({ winner }) => (told = winner?.node) });
    const policy = {
      ...watched,
      start: (context: Parameters<typeof watched.start>[0]) => {
        const placer = watched.start(context);
        const place = placer.place.bind(placer);
        return Object.assign(placer, {
          place: (pod: Parameters<typeof place>[0]) => {
            const node = place(pod);
            if (pod.name === id) chosen = node;
            return node;
          },
        });
      },
    };
    replay({ pods: PODS, policy, fleet: { kind: "fixed", nodes: uniformNodes(6, SMALL_NODE) }, seed: 1 });
    assert.ok(told !== undefined);
    assert.equal(told, chosen);
  }
});
