import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { MIB } from "#test/builders/sizes.ts";
import { medianErrors, TROUBLES } from "../testing/synthetic-apps.ts";
import { InstanceLearner } from "./instance-learner.ts";

const APPS = 9;

/** The largest median error that a coefficient may have, as a share of the truth; what a node pays is `fourPods`. */
const LIMITS: readonly (readonly [keyof typeof TROUBLES, Readonly<Record<string, number>>])[] = [
  ["quiet", { base: 0.05, perPod: 0.05, perConnection: 0.08, perKiloRps: 0.1, fourPods: 0.02 }],
  ["noisy", { base: 0.06, perPod: 0.08, perConnection: 0.3, perKiloRps: 0.15, fourPods: 0.02 }],
  ["outliers", { base: 0.06, perPod: 0.08, perConnection: 0.3, perKiloRps: 0.15, fourPods: 0.03 }],
  // What cannot be told apart stays with the prior; the sum is known all the same.
  ["collinear", { base: 0.06, perPod: 0.08, fourPods: 0.02 }],
  ["heldBack", { base: 0.15, perPod: 0.25, perKiloRps: 0.25, fourPods: 0.08 }],
];

for (const [name, limits] of LIMITS) {
  test(`the costs of synthetic apps are found: ${name}`, () => {
    const errors = medianErrors(new SeededRandom(7), TROUBLES[name], APPS);
    for (const [coefficient, limit] of Object.entries(limits)) {
      for (const resource of ["cpuMilli", "memoryBytes"]) {
        const error = errors.get(`${coefficient}.${resource}`) ?? Infinity;
        assert.ok(error < limit, `${coefficient}.${resource}: ${error}`);
      }
    }
  });
}

function usage(pods: number, cpuMilli: number, isThrottled = false) {
  return { pods, connections: 0, kiloRps: 0, used: { cpuMilli, memoryBytes: 100 * MIB }, isThrottled };
}

test("before any reading the profile is believed, without confidence", () => {
  const learner = new InstanceLearner(DEFAULT_APP_COST);
  const { base, perPod, perKiloRps, connectionsPerPod } = learner.costs();
  assert.deepEqual(base, DEFAULT_APP_COST.base);
  assert.deepEqual(perPod, DEFAULT_APP_COST.perPod);
  assert.deepEqual(perKiloRps, DEFAULT_APP_COST.perKiloRps);
  assert.equal(connectionsPerPod, DEFAULT_APP_COST.connectionsPerPod);
  assert.equal(learner.confidence(), 0);
});

test("no coefficient is learned to be negative, whatever is seen", () => {
  const learner = new InstanceLearner(DEFAULT_APP_COST);
  // The more pods, the less CPU.
  for (let minute = 0; minute < 2_000; minute++)
    learner.add(usage(1 + (minute % 8), 200 - 20 * (minute % 8)), minute * 60_000);
  const { perPod, base } = learner.costs();
  assert.equal(perPod.cpuMilli, 0);
  assert.ok(base.cpuMilli > 100);
});

test("confidence grows with readings, and falls again when they stay away", () => {
  const learner = new InstanceLearner(DEFAULT_APP_COST);
  const at: number[] = [];
  for (let minute = 0; minute < 600; minute++) {
    learner.add(usage(1 + (minute % 8), 80 + 5 * (minute % 8)), minute * 60_000);
    if (minute === 5 || minute === 599) at.push(learner.confidence());
  }
  learner.add(usage(1, 80), 600 * 60_000 + 60 * 86_400_000);
  at.push(learner.confidence());
  const [early = 1, late = 0, old = 1] = at;
  assert.ok(early < 0.9 && late > 0.9 && old < late, String(at));
});

test("readings that were held back do not teach that little is needed, nor give confidence", () => {
  const learner = new InstanceLearner(DEFAULT_APP_COST);
  for (let minute = 0; minute < 2_000; minute++)
    learner.add(usage(1 + (minute % 8), 20, true), minute * 60_000);
  const { base, perPod } = learner.costs();
  // The profile says 50 and 10 for each pod.
  assert.ok(base.cpuMilli + 4 * perPod.cpuMilli > 70, `${base.cpuMilli} ${perPod.cpuMilli}`);
  assert.ok(learner.confidence() < 0.1);
});
