import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { ApiError } from "./api-error.ts";
import { ObjectStore } from "./object-store.ts";
import type { Change } from "./object-store.ts";

function aStore(): ObjectStore {
  return new ObjectStore({ clock: new VirtualClock(0) });
}

const aMap = (name: string, v = "1") => ({ metadata: { name, namespace: "default" }, data: { v } });

test("every write moves the one resourceVersion, and one that changes nothing does not", () => {
  const store = aStore();
  const before = store.resourceVersion;
  const created = store.create("configmaps", aMap("a"));
  assert.equal(Number(created.metadata.resourceVersion), before + 1);
  assert.equal(store.update("configmaps", { ...created, data: { v: "1" } }), created);
  assert.equal(store.resourceVersion, before + 1);
  store.update("configmaps", { ...created, data: { v: "2" } });
  store.delete("configmaps", { namespace: "default", name: "a" });
  assert.equal(store.resourceVersion, before + 3);
});

test("a name is free again only after the deletion", () => {
  const store = aStore();
  store.create("configmaps", aMap("a"));
  assert.throws(
    () => store.create("configmaps", aMap("a")),
    (error) => error instanceof ApiError && error.code === 409,
  );
  store.delete("configmaps", { namespace: "default", name: "a" });
  store.create("configmaps", aMap("a"));
});

test("a list is sorted by namespace and name and does not change afterwards", () => {
  const store = aStore();
  store.create("configmaps", aMap("b"));
  store.create("configmaps", aMap("a"));
  const list = store.list("configmaps");
  store.create("configmaps", aMap("0"));
  assert.deepEqual(
    list.map((object) => object.metadata.name),
    ["a", "b"],
  );
  assert.equal(store.list("configmaps").length, 3);
});

test("the generation moves with the spec, and stays where a binding asks so", () => {
  const store = aStore();
  const pod = store.create("pods", { metadata: { name: "p", namespace: "default" }, spec: { a: 1 } });
  assert.equal(pod.metadata.generation, 1);
  const status = store.update("pods", { ...pod, status: { phase: "Running" } });
  assert.equal(status.metadata.generation, 1);
  const bound = store.update("pods", { ...status, spec: { a: 1, nodeName: "n" } }, { generation: "kept" });
  assert.equal(bound.metadata.generation, 1);
  assert.equal(store.update("pods", { ...bound, spec: { a: 2 } }).metadata.generation, 2);
});

test("a listener that writes is heard after the change it reacts to", () => {
  const store = aStore();
  const seen: string[] = [];
  store.subscribe(({ object }) => {
    if (object.metadata.name === "a") store.create("configmaps", aMap("reaction"));
  });
  store.subscribe((change: Change) => seen.push(`${change.type} ${change.object.metadata.name}`));
  store.create("configmaps", aMap("a"));
  assert.deepEqual(seen, ["ADDED a", "ADDED reaction"]);
});
