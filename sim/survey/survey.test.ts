// Each figure of a survey against a slow and obvious reading of what it says.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { Discovery } from "#scheduler-extender/policy/discovery.ts";
import { anApp, aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { aService } from "#test/builders/a-service.ts";
import { anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { traitsOf } from "#test/builders/pod-traits.ts";
import { roomyNodes } from "#test/builders/roomy-nodes.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { copiesOf, plainFreeAfter, plainRejection } from "#test/oracle/plain-fit.ts";
import { blastRadius } from "./blast-radius.ts";
import { discoverySize } from "./discovery-size.ts";
import { headroom, HEADROOM_PODS_MAX } from "./headroom.ts";
import { MIX_PODS_MAX, podMix } from "./pod-mix.ts";
import { strandedRoom } from "./stranded-room.ts";
import { surveyOf } from "./survey.ts";
import type { SurveyedCluster, SurveyedNode, SurveyedPod } from "./surveyed-cluster.ts";

const someEvents = fc.array(anyEvent, { maxLength: 30 });

function surveyedNodes(ledger: ClusterLedger): readonly SurveyedNode[] {
  return [...ledger.nodes()]
    .filter(({ occupants }) => occupants.size > 0)
    .map((account) => ({
      account,
      pods: [...account.occupants.values()].map(({ uid, app, request }): SurveyedPod => ({
        demand: { uid, app, request, ownerUid: undefined },
        app,
      })),
    }));
}

test("stranded room is what is free on each node for the share of pods that the plain reading turns away there", () => {
  let stranded = 0;
  fc.assert(
    fc.property(roomyNodes, someEvents, (nodes, events) => {
      const ledger = new ClusterLedger();
      const plain = new PlainCluster();
      for (const event of [...nodes, ...events]) {
        event.apply(ledger);
        event.apply(plain);
      }
      const surveyed = surveyedNodes(ledger);
      // Each twice, so that some are alike.
      const mix = [...surveyed, ...surveyed].flatMap(({ pods }) => pods);
      const expected = { freeCpuMilli: 0, freeMemoryBytes: 0, strandedCpuMilli: 0, strandedMemoryBytes: 0 };
      for (const name of NODE_NAMES) {
        if (!surveyed.some(({ account }) => account.name === name)) continue;
        const free = plainFreeAfter(plain, name, []);
        expected.freeCpuMilli += Math.max(0, free.cpuMilli);
        expected.freeMemoryBytes += Math.max(0, free.memoryBytes);
        for (const { demand } of mix) {
          const [copy = demand] = copiesOf(demand, 1);
          if (plainRejection(plain, name, copy) === undefined) continue;
          expected.strandedCpuMilli += Math.max(0, free.cpuMilli) / mix.length;
          expected.strandedMemoryBytes += Math.max(0, free.memoryBytes) / mix.length;
        }
      }
      const found = strandedRoom(surveyed, mix, ledger);
      stranded += found.strandedCpuMilli > 0 ? 1 : 0;
      for (const [name, amount] of Object.entries(expected))
        assert.ok(Math.abs(amount - found[name as keyof typeof found]) < 1e-6, `${name}: ${amount}`);
    }),
    { numRuns: 150 },
  );
  assert.ok(stranded > 20, `room was stranded in ${stranded} clusters`);
});

/** Apps by number on nodes by number, in zones by number; 0 is no zone. */
const layout = fc.array(
  fc.record({
    zone: fc.nat(2),
    apps: fc.array(fc.option(fc.nat(4), { nil: undefined }), { minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 9 },
);
interface LaidOut extends SurveyedCluster {
  readonly ledger: ClusterLedger;
}

type Layout = readonly { readonly zone: number; readonly apps: readonly (number | undefined)[] }[];

function laidOut(nodes: Layout): LaidOut {
  const ledger = new ClusterLedger();
  const surveyed = nodes.map(({ zone, apps }, index): SurveyedNode => {
    const name = `node-${index}` as NodeName;
    ledger.upsertNode({
      name,
      allocatable: { cpuMilli: 10_000, memoryBytes: 1e10 },
      zone: zone === 0 ? "" : `zone-${zone}`,
    });
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 500, memoryBytes: 1e9 }));
    for (const [number, app] of apps.entries()) {
      // Some take much CPU, the others much memory.
      const size = app === 1 ? { cpuMilli: 2_000, memoryBytes: 1e7 } : { cpuMilli: 100, memoryBytes: 1e9 };
      const view = aPod({
        ...size,
        name: `pod-${index}-${number}`,
        app: app === undefined ? null : `app-${app}`,
        node: name,
      });
      ledger.upsertPod(view);
    }
    const account = ledger.node(name);
    assert.ok(account);
    const pods = [...account.occupants.values()].map(({ uid, app, request }): SurveyedPod => ({
      demand: { uid, app, request, ownerUid: undefined },
      app,
    }));
    return { account, pods };
  });
  return { ledger, nodes: surveyed, mesh: { cpuMilli: 0, memoryBytes: 0 }, isShared: true };
}

test("what is lost with a node or a zone is counted as by taking each one away", () => {
  fc.assert(
    fc.property(layout, (nodes) => {
      const all = nodes.flatMap(({ apps }) => apps);
      const without = (lost: Layout) => {
        const pods = lost.flatMap(({ apps }) => apps);
        const left = new Set(nodes.filter((node) => !lost.includes(node)).flatMap(({ apps }) => apps));
        const apps = new Set(pods.filter((app) => app !== undefined));
        return {
          pods: pods.length,
          apps: apps.size,
          gone: [...apps].filter((app) => !left.has(app)).length,
        };
      };
      const summary = (each: readonly ReturnType<typeof without>[]) => {
        // The smallest that at least half do not exceed.
        const half = (values: readonly number[]): number =>
          Math.min(
            ...values.filter((value) => 2 * values.filter((other) => other <= value).length >= values.length),
          );
        return {
          podsP50: half(each.map(({ pods }) => pods)),
          podsMax: Math.max(...each.map(({ pods }) => pods)),
          appsP50: half(each.map(({ apps }) => apps)),
          appsMax: Math.max(...each.map(({ apps }) => apps)),
          appsGoneMax: Math.max(...each.map(({ gone }) => gone)),
        };
      };
      const zones = [1, 2]
        .map((zone) => nodes.filter((node) => node.zone === zone))
        .filter(({ length }) => length > 0);
      assert.equal(all.length > 0, true);
      assert.deepEqual(blastRadius(laidOut(nodes).nodes), {
        node: summary(nodes.map((node) => without([node]))),
        zone: zones.length === 0 ? undefined : summary(zones.map(without)),
      });
    }),
    { numRuns: 200 },
  );
});

test("entries by node are those that discovery writes, and connections those of every pair of ends", () => {
  fc.assert(
    fc.property(layout, (nodes) => {
      const cluster = laidOut(nodes);
      const apps = [
        ...new Set(nodes.flatMap(({ apps: ofNode }) => ofNode).filter((app) => app !== undefined)),
      ];
      const ends = (end: (node: number, pod: number) => string): readonly number[] =>
        apps.map((app) => {
          const found = new Set<string>();
          for (const [node, { apps: ofNode }] of nodes.entries())
            for (const [pod, other] of ofNode.entries()) if (other === app) found.add(end(node, pod));
          return found.size;
        });
      const mean = (counts: readonly number[]): number | undefined => {
        const pairs = counts.flatMap((a, one) =>
          counts.filter((_, other) => other !== one).map((b) => a * b),
        );
        return pairs.length === 0 ? undefined : pairs.reduce((a, b) => a + b, 0) / pairs.length;
      };
      const size = discoverySize(cluster);
      const byPod = ends((node, pod) => `${node}/${pod}`);
      assert.equal(
        size.entriesByPod,
        byPod.reduce((a, b) => a + b, 0),
      );
      assert.equal(size.entriesByNode, writtenEntries(nodes, apps));
      assertNear(size.connectionsByPod, mean(byPod));
      assertNear(size.connectionsByNode, mean(ends((node) => `${node}`)));
      assert.equal(discoverySize({ ...cluster, isShared: false }).entriesByNode, undefined);
    }),
    { numRuns: 100 },
  );
});

function assertNear(value: number | undefined, expected: number | undefined): void {
  assert.equal(value === undefined, expected === undefined);
  assert.ok(Math.abs((value ?? 0) - (expected ?? 0)) < 1e-9, `${value} instead of ${expected}`);
}

/** By the production controller, told of the same pods, proxies and Services. */
function writtenEntries(nodes: Layout, apps: readonly number[]): number {
  const discovery = new Discovery();
  for (const [node, { apps: ofNode }] of nodes.entries()) {
    const name = `node-${node}` as NodeName;
    discovery.nodeSeen(name, "a", 0);
    discovery.podChanged(undefined, aProxy({ node: name, isReady: true, address: `10.0.0.${node + 1}` }), 0);
    for (const [number, app] of ofNode.entries()) {
      if (app === undefined) continue;
      const traits = traitsOf(`app-${app}`);
      // Some take much CPU, the others much memory.
      const size = app === 1 ? { cpuMilli: 2_000, memoryBytes: 1e7 } : { cpuMilli: 100, memoryBytes: 1e9 };
      const view = aPod({
        ...size,
        name: `p-${node}-${number}`,
        app: `app-${app}`,
        node: name,
        isReady: true,
        traits,
      });
      discovery.podChanged(undefined, view, 0);
    }
  }
  for (const app of apps) {
    discovery.portsSeen(anApp(`app-${app}`), { inbound: 20_000 + 2 * app, outbound: 20_001 + 2 * app }, 0);
    discovery.serviceSeen(aService({ name: `app-${app}` }), 0);
  }
  const writes = discovery.decide(60_000, 1_000);
  return writes.reduce((sum, write) => sum + ("slice" in write ? write.slice.entries.length : 0), 0);
}

test("headroom ends with the first pod that has to wait, and never beyond what all free room would hold", () => {
  fc.assert(
    fc.property(layout, fc.nat(60), fc.nat(5), (nodes, fit, seed) => {
      const { nodes: surveyed, ledger } = laidOut(nodes);
      const mix = podMix(surveyed, seed);
      const drawn: SurveyedPod[] = [];
      const place = (pod: SurveyedPod): boolean => drawn.push(pod) <= fit;
      const found = headroom({ mix, seed, ledger, nodes: [...ledger.nodes()], place });
      assert.ok(found);
      assert.deepEqual([found.pods, found.isFull], [fit, true]);
      // The same pods, put into all free room as if it were one node.
      const left = { cpuMilli: 0, memoryBytes: 0 };
      for (const node of ledger.nodes()) {
        const { cpuMilli, memoryBytes } = node.required();
        left.cpuMilli += Math.max(0, 10_000 - node.requested.cpuMilli - cpuMilli);
        left.memoryBytes += Math.max(0, 1e10 - node.requested.memoryBytes - memoryBytes);
      }
      let count = 0;
      for (const { demand } of drawn) {
        left.cpuMilli -= demand.request.cpuMilli;
        left.memoryBytes -= demand.request.memoryBytes;
        if (left.cpuMilli >= 0 && left.memoryBytes >= 0) count++;
      }
      assert.equal(Math.min(count, drawn.length), Math.min(found.podsBound, drawn.length));
    }),
    { numRuns: 50 },
  );
});

test("headroom is given up after a stated number of pods, and there is none without pods to draw", () => {
  const { nodes, ledger } = laidOut([{ zone: 0, apps: [1] }]);
  const question = { seed: 1, ledger, nodes: ledger.nodes(), place: () => true };
  const found = headroom({ ...question, mix: podMix(nodes, 1) });
  assert.deepEqual([found?.pods, found?.isFull], [HEADROOM_PODS_MAX, false]);
  assert.equal(headroom({ ...question, mix: [] }), undefined);
});

test("headroom that a limit per node ends, while there is room, says so", () => {
  const { nodes, ledger } = laidOut([{ zone: 0, apps: [2] }]);
  const question = { mix: podMix(nodes, 1), seed: 1, ledger, nodes: [...ledger.nodes()] };
  ledger.setProfile(aProfile({ app: "app-2", placement: { maxPodsPerNode: 1 } }));
  const limited = headroom({ ...question, place: () => false });
  assert.deepEqual([limited?.pods, limited?.isFull, limited?.roomIsLeft], [0, true, true]);
  // Eight pods of a gigabyte each, beside the proxy's and the first one's.
  for (let number = 0; number < 8; number++)
    ledger.upsertPod(
      aPod({ name: `more-${number}`, app: null, node: "node-0", cpuMilli: 1, memoryBytes: 1e9 }),
    );
  assert.equal(headroom({ ...question, place: () => false })?.roomIsLeft, false);
});

test("the mix is all pods where they are few, and else a sample that does not depend on where they are", () => {
  const many = Array.from({ length: MIX_PODS_MAX + 50 }, (_, number): SurveyedPod => ({
    demand: {
      uid: `pod-${number}` as PodUid,
      app: undefined,
      request: { cpuMilli: 1, memoryBytes: 1 },
      ownerUid: undefined,
    },
    app: "shop/cart" as AppName,
  }));
  const { account } = laidOut([{ zone: 0, apps: [1] }]).nodes[0] ?? {};
  assert.ok(account);
  const one = podMix([{ account, pods: many }], 7);
  const other = podMix(
    [
      { account, pods: many.slice(100).toReversed() },
      { account, pods: many.slice(0, 100) },
    ],
    7,
  );
  assert.equal(new Set(one).size, MIX_PODS_MAX);
  assert.deepEqual(one, other);
  assert.notDeepEqual(one, podMix([{ account, pods: many }], 8));
  assert.equal(podMix([{ account, pods: many.slice(0, 9) }], 7).length, 9);
});

test("instances saved per node are the pods that share one with another, and shares are of the nodes in use", () => {
  const cluster = laidOut([
    { zone: 0, apps: [1, 1, 1, undefined] },
    { zone: 0, apps: [1, 2] },
  ]);
  const survey = surveyOf({ ...cluster, mesh: { cpuMilli: 1_000, memoryBytes: 2e9 } }, { seed: 1 });
  assert.deepEqual(survey.mesh, { cpuShare: 0.05, memoryShare: 0.1, instancesSavedPerNode: 1 });
  assert.equal(survey.headroom, undefined);
  const apart = surveyOf({ ...cluster, isShared: false }, { seed: 1 });
  assert.equal(apart.mesh.instancesSavedPerNode, 0);
});
