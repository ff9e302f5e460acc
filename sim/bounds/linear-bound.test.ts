import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { addResources, isWithin, type Resources } from "#model/resources.ts";
import { nodesMin } from "../engine/lower-bounds.ts";
import { coarserNeed, variablesOf } from "./coarser-need.ts";
import { instancesMin } from "./instances-min.ts";
import { linearBound } from "./linear-bound.ts";
import type { AppNeed, NodeShape, PackingNeed } from "./packing-need.ts";

const room = (cpuMilli: number, memoryBytes = cpuMilli): Resources => ({ cpuMilli, memoryBytes });
const anApp = (sizes: readonly Resources[], over: Partial<AppNeed> = {}): AppNeed => ({
  base: room(0),
  podsPerNodeMax: Infinity,
  kinds: sizes.map((size) => ({ size, pods: 1 })),
  ...over,
});
const NODE: NodeShape = { free: room(100), slots: 10, count: Infinity };

async function nodesOf(
  apps: readonly AppNeed[],
  shapes: readonly NodeShape[] = [NODE],
): Promise<number | undefined> {
  return (await linearBound({ apps, shapes })).nodes;
}

test("pods of more than a half need a node each, which their sum does not say", async () => {
  assert.equal(await nodesOf([anApp([room(51), room(51), room(51)])]), 3);
});

test("an app is opened whole on as many nodes as its limit calls for", async () => {
  const spread = anApp(
    Array.from({ length: 4 }, () => room(1)),
    { base: room(90), podsPerNodeMax: 1 },
  );
  assert.equal(await nodesOf([spread]), 4);
  const { instances } = await linearBound({ apps: [spread], shapes: [NODE] });
  assert.equal(instances, 4);
});

test("an app too large for a node is on several, without any limit", () => {
  assert.equal(instancesMin(anApp([room(40), room(40), room(40)], { base: room(20) }), [NODE]), 2);
  assert.equal(instancesMin(anApp([room(81)], { base: room(20) }), [NODE]), Infinity);
});

test("CPU of some nodes and memory of others do not add up to a node", async () => {
  const wide: NodeShape = { free: room(100, 10), slots: 10, count: 2 };
  const tall: NodeShape = { free: room(10, 100), slots: 10, count: 2 };
  const pods = anApp([room(9, 9), room(9, 9)]);
  assert.equal(
    nodesMin(
      { pods: 2, instances: 0, ...room(18) },
      {
        supply: [wide.free, wide.free, tall.free, tall.free],
        podsPerNodeMax: 10,
        proxyBase: undefined,
      },
    ),
    1,
  );
  assert.equal(await nodesOf([pods], [wide, tall]), 2);
});

test("what fits nowhere has no bound, and says so", async () => {
  assert.equal((await linearBound({ apps: [anApp([room(101)])], shapes: [NODE] })).outcome, "doesNotFit");
  const full = { apps: [anApp([room(60), room(60)])], shapes: [{ ...NODE, count: 1 }] };
  assert.equal((await linearBound(full)).outcome, "doesNotFit");
});

// Every way to put every pod, one after the other.
function optimum({ apps, shapes }: PackingNeed): { nodes: number; instances: number } {
  const bins = shapes.flatMap((shape) => Array.from({ length: shape.count }, () => shape));
  const pods = apps.flatMap((app) =>
    app.kinds.flatMap(({ size, pods: count }) => Array.from({ length: count }, () => ({ app, size }))),
  );
  const load = bins.map(() => ({ used: room(0), pods: 0, apps: new Map<AppNeed, number>() }));
  const best = { nodes: Infinity, instances: Infinity };
  const visit = (index: number): void => {
    const pod = pods[index];
    if (pod === undefined) {
      best.nodes = Math.min(best.nodes, load.filter((bin) => bin.pods > 0).length);
      best.instances = Math.min(
        best.instances,
        load.reduce((sum, bin) => sum + bin.apps.size, 0),
      );
      return;
    }
    for (const [at, bin] of load.entries()) {
      const shape = bins[at];
      const before = { ...bin };
      const had = bin.apps.get(pod.app) ?? 0;
      const used = addResources(addResources(bin.used, pod.size), had === 0 ? pod.app.base : room(0));
      if (shape === undefined || had >= pod.app.podsPerNodeMax || bin.pods >= shape.slots) continue;
      if (!isWithin(used, shape.free)) continue;
      bin.used = used;
      bin.pods++;
      bin.apps.set(pod.app, had + 1);
      visit(index + 1);
      Object.assign(bin, { used: before.used, pods: before.pods });
      if (had === 0) bin.apps.delete(pod.app);
      else bin.apps.set(pod.app, had);
    }
  };
  visit(0);
  return best;
}

const aSize = fc.record({
  cpuMilli: fc.integer({ min: 1, max: 45 }),
  memoryBytes: fc.integer({ min: 1, max: 45 }),
});
const aNeed: fc.Arbitrary<PackingNeed> = fc.record({
  apps: fc.array(
    fc.record({
      base: fc.record({
        cpuMilli: fc.integer({ min: 0, max: 30 }),
        memoryBytes: fc.integer({ min: 0, max: 30 }),
      }),
      podsPerNodeMax: fc.constantFrom(1, 2, Infinity),
      kinds: fc.array(fc.record({ size: aSize, pods: fc.integer({ min: 1, max: 2 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  shapes: fc.array(
    fc.record({
      free: fc.record({
        cpuMilli: fc.integer({ min: 70, max: 110 }),
        memoryBytes: fc.integer({ min: 70, max: 110 }),
      }),
      slots: fc.integer({ min: 2, max: 5 }),
      count: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

test("no packing does with fewer nodes or instances than the bound, and plain sums say no more", async () => {
  let tight = 0;
  let above = 0;
  await fc.assert(
    fc.asyncProperty(aNeed, async (need) => {
      const best = optimum(need);
      const bound = await linearBound(need);
      if (!Number.isFinite(best.nodes)) return;
      assert.ok(bound.nodes !== undefined && bound.nodes <= best.nodes);
      assert.ok(bound.instances <= best.instances);
      const sums = plainSums(need);
      assert.ok(bound.nodes >= sums, `${bound.nodes} < ${sums}`);
      if (bound.nodes === best.nodes) tight++;
      if (bound.nodes > sums) above++;
    }),
    { numRuns: 80 },
  );
  assert.ok(tight > 0 && above > 0, "some of the bounds are the optimum, and some better than the sums");
});

test("a coarser need is no harder to hold", async () => {
  await fc.assert(
    fc.asyncProperty(aNeed, fc.integer({ min: 1, max: 8 }), async (need, variablesMax) => {
      const [fine, coarse] = [await linearBound(need), await linearBound(coarserNeed(need, variablesMax))];
      if (fine.nodes !== undefined) assert.ok(coarse.nodes !== undefined && coarse.nodes <= fine.nodes);
      assert.ok(variablesOf(coarserNeed(need, variablesMax)) <= variablesOf(need));
    }),
    { numRuns: 20 },
  );
});

function plainSums({ apps, shapes }: PackingNeed): number {
  const need = { pods: 0, instances: 0, cpuMilli: 0, memoryBytes: 0 };
  for (const { base, kinds, podsPerNodeMax } of apps) {
    const pods = kinds.reduce((sum, kind) => sum + kind.pods, 0);
    const instances = Math.ceil(pods / Math.min(podsPerNodeMax, pods));
    need.pods += pods;
    for (const resource of ["cpuMilli", "memoryBytes"] as const) {
      need[resource] += instances * base[resource];
      for (const kind of kinds) need[resource] += kind.pods * kind.size[resource];
    }
  }
  const supply = shapes.flatMap(({ free, count }) => Array.from({ length: count }, () => free));
  const slotsMax = Math.max(...shapes.map(({ slots }) => slots));
  return nodesMin(need, { supply, podsPerNodeMax: slotsMax, proxyBase: undefined }) ?? Infinity;
}
