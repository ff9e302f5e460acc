import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { NodeName } from "#model/brand.ts";

import { type HostingNode, movedNodes, type ProxyState } from "./moved-nodes.ts";

function node(name: string, proxy: ProxyState, readyPods = 1): HostingNode {
  return { node: name as NodeName, proxy, readyPods };
}

function moved(nodes: readonly HostingNode[], already: readonly string[] = []): readonly string[] {
  return [...movedNodes(nodes, new Set(already as readonly NodeName[]))];
}

test("of two nodes that drain at once one is led away from, and the other waits until that one is back", () => {
  assert.deepEqual(moved([node("a", "leaving"), node("b", "leaving")]), ["a"]);
  assert.deepEqual(moved([node("a", "absent"), node("b", "leaving")], ["a"]), []);
  assert.deepEqual(moved([node("a", "ready"), node("b", "leaving")]), ["b"]);
});

test("the only node of an app is never led away from: there is nowhere to go", () => {
  assert.deepEqual(moved([node("a", "leaving", 5)]), []);
  assert.deepEqual(moved([node("a", "leaving", 5), node("b", "ready", 0)]), []);
});

test("a node that was led away from stays so, however others are called", () => {
  const nodes = [node("a", "leaving"), node("b", "leaving"), node("c", "ready"), node("d", "absent")];
  assert.deepEqual(moved(nodes, ["b"]), ["b"]);
});

test("at least half of an app's pods, and one, stay where requests are sent, and nobody waits without need", () => {
  const nodes = fc.array(
    fc.record({
      proxy: fc.constantFrom<ProxyState>("ready", "leaving", "absent"),
      readyPods: fc.nat({ max: 5 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(nodes, fc.array(fc.nat({ max: 11 })), (drawn, already) => {
      const hosting = drawn.map((one, index) => node(`n${index}`, one.proxy, one.readyPods));
      const away = new Set(
        moved(
          hosting,
          already.map((index) => `n${index}`),
        ),
      );
      const all = hosting.reduce((sum, { readyPods }) => sum + readyPods, 0);
      const least = Math.max(1, Math.ceil(all / 2));
      const left = hosting
        .filter((one) => one.proxy !== "absent" && !away.has(one.node))
        .reduce((sum, { readyPods }) => sum + readyPods, 0);
      if (away.size > 0) assert.ok(left >= least);
      for (const { node: name, proxy, readyPods } of hosting) {
        if (proxy !== "leaving") assert.ok(!away.has(name));
        else if (!away.has(name)) assert.ok(left - readyPods < least, `${name} waits without need`);
      }
    }),
  );
});
