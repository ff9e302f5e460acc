import assert from "node:assert/strict";
import { test } from "node:test";
import { mapLayout, type MapLayout, placeAt, placeBeside } from "./map-layout.ts";

const SIZE = { width: 1_000, height: 600 };

function nodesIn(zones: Readonly<Record<string, number>>): { name: string; zone: string }[] {
  return Object.entries(zones).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, index) => ({ name: `${zone}-node-${index}`, zone })),
  );
}

function overlaps({ places, tile }: MapLayout): boolean {
  return places.some((a, index) =>
    places.slice(index + 1).some((b) => Math.abs(a.x - b.x) < tile && Math.abs(a.y - b.y) < tile),
  );
}

test("every node has a place of its own, and all are seen at once", () => {
  for (const count of [1, 50, 700]) {
    const layout = mapLayout(nodesIn({ a: count, b: Math.ceil(count / 2) }), SIZE);
    assert.equal(layout.places.length, count + Math.ceil(count / 2));
    assert.ok(!overlaps(layout), `${count} nodes lie on each other`);
    assert.ok(layout.height <= SIZE.height, `${count} nodes take ${layout.height}`);
    assert.ok(layout.places.every(({ x }) => x + layout.tile <= SIZE.width));
  }
});

test("tiles are as large as they can be: one pixel more would not fit", () => {
  const layout = mapLayout(nodesIn({ a: 300, b: 300 }), SIZE);
  const higher = mapLayout(nodesIn({ a: 300, b: 300 }), { ...SIZE, height: SIZE.height + 200 });
  assert.ok(layout.tile > 5 && higher.tile > layout.tile);
});

test("5,000 nodes in three zones are seen at once; 100,000 go on below the edge", () => {
  const seen = mapLayout(nodesIn({ a: 1_667, b: 1_667, c: 1_666 }), SIZE);
  assert.ok(seen.height <= SIZE.height && seen.tile >= 6, `tiles of ${seen.tile}`);
  assert.ok(mapLayout(nodesIn({ a: 100_000 }), SIZE).height > SIZE.height);
});

test("zones come by name, and in them node 9 before node 10, whatever the order they were seen in", () => {
  const nodes = nodesIn({ b: 12, a: 3 });
  const names = mapLayout(nodes, SIZE).places.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 4), ["a-node-0", "a-node-1", "a-node-2", "b-node-0"]);
  assert.ok(names.indexOf("b-node-9") < names.indexOf("b-node-10"));
  assert.deepEqual(mapLayout(nodes.toReversed(), SIZE), mapLayout(nodes, SIZE));
});

test("a point leads to the tile under it, and to none between two", () => {
  const layout = mapLayout(nodesIn({ a: 40 }), SIZE);
  for (const place of layout.places)
    assert.equal(placeAt(layout, { x: place.x + layout.tile - 1, y: place.y }), place);
  assert.equal(placeAt(layout, { x: layout.tile + 1, y: layout.places[0]?.y ?? 0 }), undefined);
});

test("arrow keys reach every node, stop at the edges, and go from zone to zone", () => {
  const layout = mapLayout(nodesIn({ a: 30, b: 5 }), SIZE);
  const first = layout.places[0]?.name;
  assert.equal(placeBeside(layout, undefined, "down")?.name, first);
  assert.equal(placeBeside(layout, first, "left")?.name, first);
  assert.equal(placeBeside(layout, first, "up")?.name, first);
  let name = first;
  const met = new Set<string>();
  while (name !== undefined && !met.has(name)) {
    met.add(name);
    name = placeBeside(layout, name, "right")?.name;
  }
  assert.equal(met.size, 35);
  const below = placeBeside(layout, first, "down");
  assert.equal(placeBeside(layout, below?.name, "up")?.name, first);
  assert.equal(placeBeside(layout, "a-node-29", "down")?.name.startsWith("b-"), true);
});

test("a cluster without nodes is an empty map", () => {
  assert.deepEqual(mapLayout([], SIZE).places, []);
});
