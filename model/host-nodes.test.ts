import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName } from "./brand.ts";
import { HostNodes } from "./host-nodes.ts";
import { NodeLedger } from "./node-ledger.ts";

const NODES = Array.from({ length: 20 }, (_, number) => new NodeLedger(`node-${number}` as NodeName, number));

test("few nodes and many are kept in the order in which they came, as a set keeps them", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: NODES.length - 1 }), { maxLength: 80 }), (numbers) => {
      const hosts = new HostNodes();
      const expected = new Set<NodeLedger>();
      for (const number of numbers) {
        const node = NODES[number] as NodeLedger;
        if (expected.delete(node)) {
          hosts.delete(node);
        } else {
          hosts.add(node);
          expected.add(node);
        }
        assert.equal(hosts.size, expected.size);
        assert.deepEqual([...hosts], [...expected]);
      }
    }),
  );
});

test("a node that it is not on is no matter", () => {
  const [on, elsewhere] = NODES as [NodeLedger, NodeLedger];
  const hosts = new HostNodes();
  hosts.add(on);
  hosts.delete(elsewhere);
  assert.deepEqual([...hosts], [on]);
});
