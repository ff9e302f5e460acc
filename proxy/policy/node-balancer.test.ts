import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { type BalancedNode, NodeBalancer } from "./node-balancer.ts";
import type { ServiceNode } from "./service-nodes.ts";

function node(index: number, place: ServiceNode["place"] = "elsewhere"): ServiceNode {
  return { address: `10.0.0.${index}`, state: "ready", place };
}

/** Draws that differ, the same ones each time. */
function draws(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function balanced(...nodes: readonly ServiceNode[]): NodeBalancer {
  const balancer = new NodeBalancer();
  balancer.update(nodes);
  return balancer;
}

function chosen(
  balancer: NodeBalancer,
  context: { nowMs?: number; random?: () => number } = {},
): BalancedNode {
  const one = balancer.choose({ nowMs: 0, random: draws(), ...context });
  assert.ok(one !== undefined);
  return one;
}

/** Requests one after the other, each ended before the next; how many each node got. */
function shares(
  balancer: NodeBalancer,
  { requests = 1_000, latencyMs = (_address: string): number => 10, random = draws(), fromMs = 0 } = {},
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index < requests; index++) {
    const nowMs = fromMs + index;
    const one = chosen(balancer, { nowMs, random });
    const { address } = one.node;
    counts.set(address, (counts.get(address) ?? 0) + 1);
    balancer.ended(one, "answered", { nowMs, latencyMs: latencyMs(address) });
  }
  return counts;
}

test("without nodes there is no choice", () => {
  assert.equal(new NodeBalancer().choose({ nowMs: 0, random: draws() }), undefined);
});

test("the own node takes what it can, until it fails", () => {
  const balancer = balanced(node(1), node(2, "ownNode"), node(3));
  assert.equal(shares(balancer).get("10.0.0.2"), 1_000);
  for (let times = 0; times < 5; times++) {
    balancer.ended(chosen(balancer), "failed", { nowMs: 2_000, latencyMs: 1 });
  }
  assert.equal(shares(balancer, { fromMs: 2_000 }).get("10.0.0.2"), undefined);
  assert.equal(shares(balancer, { fromMs: 13_000 }).get("10.0.0.2"), 1_000, "and it comes back");
});

test("equal nodes share alike, a slow one gets less", () => {
  const even = shares(balanced(node(1), node(2), node(3), node(4)), { requests: 4_000 });
  for (const count of even.values()) assert.ok(count > 800 && count < 1_200, `${count}`);
  const slow = (address: string): number => (address === "10.0.0.1" ? 100 : 10);
  const uneven = shares(balanced(node(1), node(2), node(3), node(4)), { latencyMs: slow });
  assert.ok((uneven.get("10.0.0.1") ?? 0) < 20, `${uneven.get("10.0.0.1")}`);
});

test("requests in progress count: a burst is spread", () => {
  const balancer = balanced(node(1), node(2), node(3));
  shares(balancer, { requests: 50 });
  const random = draws();
  const burst = Array.from({ length: 30 }, () => chosen(balancer, { nowMs: 50, random }).node.address);
  const counts = Map.groupBy(burst, (address) => address);
  assert.deepEqual(
    [...counts.values()].map(({ length }) => length >= 7),
    [true, true, true],
  );
});

test("the own zone is preferred, and left when it is clearly slower", () => {
  const zoned = (): NodeBalancer => balanced(node(1, "ownZone"), node(2, "ownZone"), node(3), node(4));
  const near = shares(zoned());
  assert.ok((near.get("10.0.0.3") ?? 0) + (near.get("10.0.0.4") ?? 0) < 50);
  const slowZone = (address: string): number => (address < "10.0.0.3" ? 100 : 10);
  const far = shares(zoned(), { latencyMs: slowZone });
  assert.ok((far.get("10.0.0.3") ?? 0) + (far.get("10.0.0.4") ?? 0) > 600);
});

test("a terminating node is asked only where no other is ready", () => {
  const leaving: ServiceNode = { ...node(1), state: "terminating" };
  assert.equal(shares(balanced(leaving, node(2))).get("10.0.0.1"), undefined);
  assert.equal(shares(balanced(leaving)).get("10.0.0.1"), 1_000);
});

test("what was tried is not tried again for the same request", () => {
  const balancer = balanced(node(1), node(2, "ownNode"));
  const besides = new Set(["10.0.0.2"]);
  assert.equal(balancer.choose({ nowMs: 0, random: draws(), besides })?.node.address, "10.0.0.1");
  besides.add("10.0.0.1");
  assert.equal(balancer.choose({ nowMs: 0, random: draws(), besides }), undefined);
});

test("where most nodes fail, none of them is left out: the fault is somewhere else", () => {
  const balancer = balanced(node(1), node(2), node(3));
  const random = draws();
  for (let times = 0; times < 100; times++) {
    balancer.ended(chosen(balancer, { random }), "failed", { nowMs: 0, latencyMs: 1 });
  }
  assert.ok(balancer.ejected(1) >= 2);
  assert.equal(shares(balancer, { fromMs: 1 }).size, 3);
});

test("a client that leaves says nothing of the node", () => {
  const balancer = balanced(node(1), node(2));
  for (let times = 0; times < 20; times++) {
    balancer.ended(chosen(balancer), "abandoned", { nowMs: 0, latencyMs: 1 });
  }
  assert.equal(balancer.ejected(1), 0);
});

const events = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("request" as const),
      outcome: fc.constantFrom("answered", "failed", "abandoned"),
    }),
    fc.record({
      kind: fc.constant("nodes" as const),
      present: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 6 }),
      places: fc.array(fc.constantFrom("ownNode", "ownZone", "elsewhere"), { minLength: 6, maxLength: 6 }),
    }),
    fc.record({ kind: fc.constant("end" as const), which: fc.nat(9) }),
  ),
  { maxLength: 120, size: "max" },
);

test("whatever happens: while there is a node one is chosen, of those there are, and no request is counted for ever", () => {
  fc.assert(
    fc.property(events, fc.integer(), (steps, seed) => {
      const balancer = new NodeBalancer();
      const random = draws(seed);
      const open: { one: BalancedNode; outcome: "answered" | "failed" | "abandoned" }[] = [];
      let present: readonly ServiceNode[] = [];
      for (const [nowMs, step] of steps.entries()) {
        if (step.kind === "nodes") {
          present = step.present.map((index) => node(index, step.places[index - 1] as ServiceNode["place"]));
          balancer.update(present);
        } else if (step.kind === "request") {
          const one = balancer.choose({ nowMs, random });
          assert.equal(one === undefined, present.length === 0);
          if (one === undefined) continue;
          assert.ok(present.some(({ address }) => address === one.node.address));
          open.push({ one, outcome: step.outcome as "answered" });
        } else {
          const [ended] = open.splice(step.which % Math.max(1, open.length), 1);
          if (ended !== undefined) balancer.ended(ended.one, ended.outcome, { nowMs, latencyMs: step.which });
        }
      }
      for (const { one } of open) balancer.ended(one, "abandoned", { nowMs: 1_000, latencyMs: 0 });
      for (const { one } of open) assert.equal(one.inFlight, 0);
    }),
  );
});
