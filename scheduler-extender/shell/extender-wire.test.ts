// The reading of names by hand against JSON.parse, and the reply written in pieces against JSON.stringify.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName } from "#model/brand.ts";
import { REJECTIONS, type Rejection } from "#model/verdict.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { decodeExtenderArgs, encodeFilterReply } from "./extender-wire.ts";
import { NodeNameTable } from "./node-name-table.ts";

const POD = anApiPod({ spec: { nodeName: "" } });

const plainName = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,30}$/);
const anyName = fc.oneof(
  { weight: 6, arbitrary: plainName },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "__proto__", 'a"NodeNames":["b', "NodeNames", "é", "\\", "]}"),
  },
);
const names = fc.oneof(
  fc.array(plainName, { maxLength: 40 }),
  fc.array(anyName, { maxLength: 12 }),
  fc.array(fc.oneof(anyName, fc.constant(7), fc.constant(null)), { maxLength: 4 }),
);
const otherValue = fc.oneof(fc.constant(null), fc.string(), fc.constant({ NodeNames: ["x"] }), names);

// Keys in any order, doubled keys, other keys, an extra space: mostly as Go writes them, sometimes not.
const body = fc
  .record({
    nodeNames: names,
    keys: fc.constantFrom(
      ["Pod", "Nodes", "NodeNames"],
      ["Pod", "Nodes", "NodeNames"],
      ["NodeNames", "Pod"],
      ["Pod", "NodeNames", "NodeNames"],
      ["Other", "Pod", "NodeNames"],
      ["Pod", "NodeNames", "Other"],
      ["NodeNames"],
      ["Pod"],
    ),
    other: otherValue,
    hint: fc.oneof(fc.constant("plain"), anyName),
    tail: fc.constantFrom("", "", "", " ", "\n", "}", "]", ","),
  })
  .map(({ nodeNames, keys, other, hint, tail }) => {
    const values: Readonly<Record<string, unknown>> = {
      Pod: { ...POD, metadata: { ...POD.metadata, annotations: { hint } } },
      Nodes: null,
      NodeNames: nodeNames,
      Other: other,
    };
    const members = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(values[key])}`);
    return Buffer.from(`{${members.join()}}${tail}`);
  });

// What happens to bytes on their way, and what someone would send who wants the two readings to differ.
const damage = fc.oneof(
  fc.constant(undefined),
  fc.record({
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(12),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc
        .constantFrom('"', "\\", "]", "}", '"],"NodeNames":["', '"NodeNames":["a"]', ",", "{", "\u0000", "é")
        .map((text) => new Uint8Array(Buffer.from(text))),
    ),
  }),
);

const question = fc.tuple(body, damage).map(([whole, harm]) => {
  if (harm === undefined) return whole;
  const at = Math.floor(harm.share * whole.length);
  return Buffer.concat([whole.subarray(0, at), harm.put, whole.subarray(at + harm.cut)]);
});

test("names read by hand are those that JSON.parse reads, and what one refuses the other refuses", () => {
  const table = new NodeNameTable();
  const seen = { byHand: 0, parsed: 0, refused: 0 };
  fc.assert(
    fc.property(question, (bytes) => {
      const read = outcomeOf(() => decodeExtenderArgs(bytes, table));
      // A space before the end: no longer as Go writes it.
      const spaced = Buffer.concat([bytes, Buffer.from(" ")]);
      const parsed = outcomeOf(() => decodeExtenderArgs(spaced, table));
      if (parsed === undefined) seen.refused++;
      else if (read?.plainNames === undefined) seen.parsed++;
      else seen.byHand++;
      assert.deepEqual(read?.nodes, parsed?.nodes);
      assert.deepEqual(read?.pod, parsed?.pod);
      assert.equal(parsed?.plainNames, undefined);
      if (read?.plainNames !== undefined) {
        assert.deepEqual(JSON.parse(read.plainNames.toString()), read.nodes);
      }
    }),
    { numRuns: 3_000 },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 50, `${what}: ${count}`);
});

test("a reply written in pieces is the one that JSON.stringify writes", () => {
  const rejections = fc.constantFrom(...(Object.keys(REJECTIONS) as Rejection[]));
  const judged = fc.uniqueArray(fc.tuple(anyName, fc.option(rejections, { nil: undefined, freq: 2 })), {
    maxLength: 12,
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(judged, fc.boolean(), (nodes, areObjects) => {
      const object = (name: string): object => ({ metadata: { name } });
      const names = nodes.map(([name]) => name);
      const asked = areObjects
        ? { Nodes: { items: names.map(object) }, NodeNames: null }
        : { NodeNames: names };
      const table = new NodeNameTable();
      const args = decodeExtenderArgs(Buffer.from(JSON.stringify({ Pod: POD, ...asked })), table);
      const passed = nodes.flatMap(([name, rejection]) =>
        rejection === undefined ? [name as NodeName] : [],
      );
      const rejected = new Map(
        nodes.flatMap(([name, rejection]) =>
          rejection === undefined ? [] : [[name as NodeName, rejection]],
        ),
      );
      const text = encodeFilterReply(args, { passed, rejected }, table).toString();
      const failures = (isResolvable: boolean): object =>
        Object.fromEntries(
          [...rejected]
            .filter(([, rejection]) => REJECTIONS[rejection].isResolvable === isResolvable)
            .map(([name, rejection]) => [name, REJECTIONS[rejection].message]),
        );
      assert.deepEqual(JSON.parse(text), {
        Nodes: areObjects ? { items: passed.map(object) } : null,
        NodeNames: areObjects ? null : passed,
        FailedNodes: failures(true),
        FailedAndUnresolvableNodes: failures(false),
        Error: "",
      });
    }),
    { numRuns: 500 },
  );
});

test("a list that was answered is known again, and nothing that only begins like it", () => {
  const table = new NodeNameTable();
  const bodyOf = (...nodes: readonly string[]): Buffer =>
    Buffer.from(JSON.stringify({ Pod: POD, NodeNames: nodes }));
  const args = decodeExtenderArgs(bodyOf("a", "b", "c"), table);
  const [a, , c] = args.nodes;
  const passed = [a, c].filter((name) => name !== undefined);
  encodeFilterReply(args, { passed, rejected: new Map([["b" as NodeName, "proxyAbsent"]]) }, table);
  assert.equal(decodeExtenderArgs(bodyOf("a", "c"), table).nodes, passed);
  for (const others of [["a", "c", "d"], ["a", "d"], ["a"], []]) {
    assert.deepEqual(decodeExtenderArgs(bodyOf(...others), table).nodes, others);
  }
});

test("names are told apart however many there are", () => {
  const table = new NodeNameTable();
  for (let round = 0; round < 3; round++) {
    const many = Array.from({ length: 20_000 }, (_, index) => `node-${(index * 7919) % 100_000}`);
    const bytes = Buffer.from(`[${many.map((name) => `"${name}"`).join()}]}`);
    assert.deepEqual(table.read(bytes, 1), { names: many, end: bytes.length - 1 });
  }
});

function outcomeOf<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    assert.equal((error as Error).name, "DecodeError");
    return undefined;
  }
}
