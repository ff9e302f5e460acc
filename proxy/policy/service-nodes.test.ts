import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { serviceNodes } from "./service-nodes.ts";

const OWN = { nodeAddress: "10.0.0.1", zone: "a" };

test("nodes of all slices that serve are told, with where they are", () => {
  const slices = [
    aNodeSlice({
      entries: [
        aNodeEntry({ zone: "a" }),
        aNodeEntry({ address: "10.0.0.2", zone: "a", state: "terminating" }),
        aNodeEntry({ address: "10.0.0.3", zone: "a", state: "unready" }),
      ],
    }),
    aNodeSlice({ name: "berth-cart-1", entries: [aNodeEntry({ address: "10.0.0.4", zone: "b" })] }),
  ];
  assert.deepEqual(serviceNodes(slices, OWN), {
    app: "shop/cart",
    inboundPort: 20_000,
    servicePorts: [80],
    nodes: [
      { address: "10.0.0.1", state: "ready", place: "ownNode" },
      { address: "10.0.0.2", state: "terminating", place: "ownZone" },
      { address: "10.0.0.4", state: "ready", place: "elsewhere" },
    ],
  });
});

test("a Service that no node serves is as one without slices", () => {
  assert.equal(serviceNodes([], OWN), undefined);
  assert.equal(serviceNodes([aNodeSlice({ entries: [aNodeEntry({ state: "unready" })] })], OWN), undefined);
});

test("of too many nodes an instance knows the useful ones, and every node is known to some", () => {
  const entries = Array.from({ length: 100 }, (_, index) =>
    aNodeEntry({ node: `node-${index}`, address: `10.0.0.${index}`, zone: index < 5 ? "a" : "b" }),
  );
  const slices = [aNodeSlice({ entries })];
  const known = new Set<string>();
  fc.assert(
    fc.property(fc.nat(99), (own) => {
      const place = { nodeAddress: `10.0.0.${own}`, zone: "a" };
      const nodes = serviceNodes(slices, place, 20)?.nodes ?? [];
      assert.equal(nodes.length, 20);
      assert.ok(nodes.some(({ address }) => address === place.nodeAddress));
      assert.equal(nodes.filter(({ address }) => Number(address.slice(7)) < 5).length, 5);
      assert.deepEqual(serviceNodes(slices, place, 20)?.nodes, nodes, "always the same ones");
      for (const { address } of nodes) known.add(address);
    }),
    { numRuns: 400 },
  );
  assert.equal(known.size, 100);
});
