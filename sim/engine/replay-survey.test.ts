import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compare } from "./comparison.ts";
import { uniformNodes } from "./fleet.ts";
import { placementPolicies } from "./policies.ts";
import { replay } from "./replay.ts";
import { busiestSecond } from "./replay-survey.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

test("the busiest second is the first at whose end no other has more pods", () => {
  const time = fc.nat(12);
  fc.assert(
    fc.property(fc.array(fc.tuple(time, fc.option(fc.integer({ min: 1, max: 9 })))), (lives) => {
      const pods = lives.map(([from, stays], index) =>
        aTracePod({ id: `pod-${index}`, from, ...(stays !== null && { to: from + stays }) }),
      );
      const present = (second: number): number =>
        pods.filter((pod) => pod.createSeconds <= second && (pod.deleteSeconds ?? Infinity) > second).length;
      const seconds = [...Array(22).keys()].toSorted((a, b) => present(b) - present(a) || a - b);
      assert.equal(busiestSecond(pods), pods.length === 0 ? undefined : seconds[0]);
    }),
  );
});

const POD = { cpuMilli: 1_000, memoryMib: 1024 };
/** Twenty pods of two apps come, of which half go again. */
const pods = Array.from({ length: 20 }, (_, index) =>
  aTracePod({
    ...POD,
    id: `pod-${index}`,
    app: index % 2 === 0 ? "cart" : "pay",
    from: index,
    ...(index < 10 && { to: 30 + index }),
  }),
);
const fleet = { kind: "fixed", nodes: uniformNodes(10, SMALL_NODE) } as const;

for (const { name, mesh } of placementPolicies()) {
  test(`${name}: more pods are placed as the policy would place them, and the run goes on as without a survey`, () => {
    const policy = policyNamed(name);
    const run = replay({ pods, policy, fleet, seed: 1, isSurveyed: true });
    const { survey, ...rest } = run;
    assert.deepEqual(rest, replay({ pods, policy, fleet, seed: 1 }), "nothing is left of the survey");
    assert.ok(survey);
    assert.equal(survey.nodesUsed, run.peak.nodesUsed);
    const granted = mesh.kind === "sidecar" ? 0 : run.peak.instances;
    assert.equal(survey.mesh.instancesSavedPerNode, granted === 0 ? 0 : (20 - granted) / survey.nodesUsed);
    assert.equal(survey.discovery.entriesByNode, granted === 0 ? undefined : granted);
    // As a trace that brings so many more: the last of them is the first that waits.
    assert.ok(survey.headroom?.isFull === true && survey.headroom.pods > 0);
    assert.ok(survey.headroom.pods <= survey.headroom.podsBound);
    const more = (count: number) =>
      Array.from({ length: count }, (_, index) => aTracePod({ ...POD, id: `more-${index}`, from: 19 }));
    // All pods are of one size, so that which of the two apps a pod is of costs an instance at most.
    const waiting = (count: number): number =>
      replay({ pods: [...pods, ...more(count)], policy, fleet, seed: 1 }).pods.waitingMax;
    assert.equal(waiting(survey.headroom.pods - 3), 0);
    assert.ok(waiting(survey.headroom.pods + 3) > 0);
  });
}

test("a fleet that grows has no headroom to find", () => {
  const grown = replay({
    pods,
    policy: policyNamed("berth"),
    fleet: { kind: "auto", nodeSize: SMALL_NODE },
    seed: 1,
    isSurveyed: true,
  });
  assert.equal(grown.survey?.headroom, undefined);
});

test("a comparison tells how many instances the default placement has more, per node that a run uses", () => {
  const policies = ["berth", "kube-default", "sidecar-quarter"].map(policyNamed);
  const { runs } = compare({ trace: "test", pods, policies, fleet, seed: 1, profiles: {} });
  const [sidecar, berth, byDefault] = ["sidecar-quarter", "berth", "kube-default"].map((name) =>
    runs.find(({ policy }) => policy === name),
  );
  assert.ok(sidecar && berth && byDefault);
  const expected = (byDefault.peak.instances - berth.peak.instances) / berth.peak.nodesUsed;
  assert.equal(berth.instancesSavedPerNodeByPlacement, expected);
  assert.ok(expected > 0);
  for (const other of [sidecar, byDefault]) assert.equal(other.instancesSavedPerNodeByPlacement, undefined);
});
