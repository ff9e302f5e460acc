import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName, NodeName } from "#model/brand.ts";
import type { AddressFamily, EntryState, NodeSlice } from "#model/node-slice.ts";
import {
  type DesiredEntry,
  type SliceChange,
  sliceChanges,
  type SliceHead,
  type StoredSlice,
} from "./slice-changes.ts";

const HEAD: SliceHead = {
  namespace: "shop",
  service: "cart",
  serviceUid: "uid-of-service-cart",
  app: "shop/cart" as AppName,
  inboundPort: 20_000,
  servicePorts: [80],
  clusterIps: ["10.96.0.1"],
};

function entry(index: number, state: EntryState = "ready", family: AddressFamily = "IPv4"): DesiredEntry {
  const address = family === "IPv4" ? `10.0.0.${index}` : `fd00::${index}`;
  const isDue = state !== "unready";
  return { entry: { node: `node-${index}` as NodeName, address, zone: "", state }, family, isDue };
}

function desiredAgain(stored: readonly StoredSlice[]): readonly DesiredEntry[] {
  return stored.flatMap(({ slice }) =>
    slice.entries.map((one) => ({ entry: one, family: slice.family, isDue: true })),
  );
}

/** Carries the changes out as an API server would. */
function after(stored: readonly StoredSlice[], changes: readonly SliceChange[]): readonly StoredSlice[] {
  const slices = new Map(stored.map((slice) => [slice.slice.name, slice]));
  for (const change of changes) {
    if (change.kind === "delete") slices.delete(change.stored.slice.name);
    else if (change.kind === "update")
      slices.set(change.slice.name, { ...change.stored, slice: change.slice });
    else {
      const name = `s-${slices.size}-${Math.max(0, ...[...slices.keys()].map((key) => Number(key.split("-")[2]))) + 1}`;
      slices.set(name, { slice: { ...change.slice, name }, uid: name, resourceVersion: "1" });
    }
  }
  return [...slices.values()];
}

function entriesOf(stored: readonly StoredSlice[]): readonly string[] {
  return stored
    .flatMap(({ slice }) =>
      slice.entries.map((one) => `${slice.family} ${one.node} ${one.address} ${one.state}`),
    )
    .sort();
}

function settled(entries: readonly DesiredEntry[], entriesMax = 100): readonly StoredSlice[] {
  return after([], sliceChanges({ head: HEAD, entries }, [], entriesMax));
}

test("a node that comes is one write of one slice, and so is one that goes or changes its state", () => {
  const before = settled(Array.from({ length: 250 }, (_, index) => entry(index)));
  assert.equal(before.length, 3);
  const all = desiredAgain(before);
  for (const entries of [
    [...all, entry(250)],
    all.slice(1),
    all.with(120, entry(120, "unready")),
    // One that goes makes the place for one that comes.
    [...all.slice(1), entry(250)],
  ]) {
    const changes = sliceChanges({ head: HEAD, entries }, before);
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ["update"],
    );
  }
  assert.deepEqual(sliceChanges({ head: HEAD, entries: all.toReversed() }, before), [], "order is nothing");
});

test("a node is announced when it can serve, and kept when it cannot for a while", () => {
  assert.deepEqual(settled([entry(1, "unready")]), []);
  const before = settled([entry(1), entry(2)]);
  const changes = sliceChanges({ head: HEAD, entries: [entry(1, "unready"), entry(3, "unready")] }, before);
  assert.deepEqual(entriesOf(after(before, changes)), ["IPv4 node-1 10.0.0.1 unready"]);
});

test("families have slices of their own", () => {
  const stored = settled([entry(1), entry(2, "ready", "IPv6")]);
  assert.deepEqual(stored.map(({ slice }) => slice.family).sort(), ["IPv4", "IPv6"]);
});

test("a port that changed is written into every slice, and nothing is left of a Service that needs none", () => {
  const before = settled(Array.from({ length: 150 }, (_, index) => entry(index)));
  const entries = desiredAgain(before);
  const changes = sliceChanges({ head: { ...HEAD, inboundPort: 20_002 }, entries }, before);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["update", "update"],
  );
  assert.deepEqual(
    sliceChanges(undefined, before).map(({ kind }) => kind),
    ["delete", "delete"],
  );
});

test("an entry that stands in two slices, as after a lost answer, stays in one of them", () => {
  const [one] = settled([entry(1)]);
  assert.ok(one !== undefined);
  const twice: readonly StoredSlice[] = [one, { ...one, slice: { ...one.slice, name: "z" } as NodeSlice }];
  const changes = sliceChanges({ head: HEAD, entries: [entry(1)] }, twice);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["delete"],
  );
});

const states = fc.constantFrom<EntryState>("ready", "terminating", "unready");
const wishes = fc.uniqueArray(
  fc.record({ index: fc.integer({ min: 1, max: 12 }), state: states, isV6: fc.boolean() }),
  { selector: ({ index }) => index },
);

test("whatever the wishes before: what serves is there once, no slice is too long, none is written for nothing", () => {
  fc.assert(
    fc.property(fc.array(wishes, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), (rounds, entriesMax) => {
      let stored: readonly StoredSlice[] = [];
      for (const round of rounds) {
        const entries = round.map(({ index, state, isV6 }) => entry(index, state, isV6 ? "IPv6" : "IPv4"));
        const known = new Set(stored.flatMap(({ slice }) => slice.entries.map(({ address }) => address)));
        const changes = sliceChanges({ head: HEAD, entries }, stored, entriesMax);
        stored = after(stored, changes);
        const expected = entries
          .filter(({ entry: { address }, isDue }) => isDue || known.has(address))
          .map(({ entry: one, family }) => `${family} ${one.node} ${one.address} ${one.state}`);
        assert.deepEqual(entriesOf(stored), expected.sort());
        for (const { slice } of stored) {
          assert.ok(slice.entries.length > 0 && slice.entries.length <= entriesMax);
        }
        assert.deepEqual(sliceChanges({ head: HEAD, entries }, stored, entriesMax), []);
      }
    }),
  );
});
