import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { PackedTrace } from "./packed-trace.ts";
import type { TracePod } from "./trace.ts";
import { traceEvents } from "./trace-events.ts";

const seconds = fc.oneof(fc.nat(30), fc.double({ min: 0, max: 30, noNaN: true }));
const pods = fc.uniqueArray(
  fc.record({
    id: fc.string({ unit: "grapheme", minLength: 1 }),
    app: fc.constantFrom("cart", "pay", "größe"),
    request: fc.record({ cpuMilli: fc.constantFrom(100, 250), memoryBytes: fc.constantFrom(0, 2 ** 40) }),
    createSeconds: seconds,
    life: fc.option(seconds, { nil: undefined }),
    maxPerNode: fc.constantFrom(undefined, 1, 4),
    node: fc.constantFrom(undefined, "node-1", "node-2"),
  }),
  { selector: ({ id }) => id },
);

test("pods come out of the columns as they went in, in their order", () => {
  fc.assert(
    fc.property(pods, (given) => {
      const plain = given.map(asTracePod);
      const packed = PackedTrace.of(plain);
      assert.equal(packed.length, plain.length);
      assert.deepEqual([...packed].map(plainPod), plain.map(plainPod));
      assert.equal(packed.at(plain.length), undefined);
      assert.equal(packed.at(-1), undefined);
    }),
  );
});

test("a trace in columns has the events of the same pods in an array", () => {
  fc.assert(
    fc.property(pods, (given) => {
      const plain = given.map(asTracePod);
      const told = (trace: Parameters<typeof traceEvents>[0]): readonly unknown[] =>
        [...traceEvents(trace)].map(({ kind, atSeconds, pod: { id }, index }) => [
          kind,
          atSeconds,
          id,
          index,
        ]);
      assert.deepEqual(told(PackedTrace.of(plain)), told(plain));
    }),
  );
});

test("more pods than there was room for at first are kept, and some may be added after a pause", () => {
  const packed = PackedTrace.of(Array.from({ length: 3_000 }, (_, number) => aPod(number)));
  packed.add(aPod(3_000));
  assert.equal(packed.length, 3_001);
  assert.deepEqual(plainPod(packed.at(2_999) as TracePod), plainPod(aPod(2_999)));
  assert.deepEqual(plainPod(packed.at(3_000) as TracePod), plainPod(aPod(3_000)));
});

function aPod(number: number): TracePod {
  return {
    id: `a pod with rather a long name, number ${number}`,
    app: `app-${number % 7}`,
    request: { cpuMilli: number % 3, memoryBytes: number },
    createSeconds: number,
    deleteSeconds: undefined,
  };
}

function asTracePod({
  life,
  ...pod
}: Omit<TracePod, "deleteSeconds"> & { readonly life: number | undefined }): TracePod {
  return { ...pod, deleteSeconds: life === undefined ? undefined : pod.createSeconds + life };
}

function plainPod({ id, app, request, createSeconds, deleteSeconds, maxPerNode, node }: TracePod): TracePod {
  return { id, app, request: { ...request }, createSeconds, deleteSeconds, maxPerNode, node };
}
