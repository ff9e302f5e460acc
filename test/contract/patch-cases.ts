// The three patch kinds without field ownership.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH } from "./contract-api.ts";
import type { Wire } from "./contract-api.ts";
import type { Api, ContractTarget } from "./contract-target.ts";
import { aConfigMap, aReplicaSet } from "./samples.ts";

export function patchCases(api: Api, { custom }: ContractTarget): void {
  describe("patches", () => {
    test("a merge patch merges objects, and null removes", async () => {
      const path = api().core("configmaps", "p-merge");
      await api().post(api().core("configmaps"), aConfigMap("p-merge", { keep: "1", drop: "2" }));
      const { code, body } = await api().patch(path, MERGE_PATCH, { data: { drop: null, add: "3" } });
      assert.equal(code, 200);
      assert.deepEqual(body.data, { keep: "1", add: "3" });
    });

    test("a merge patch from a stale version is a Conflict", async () => {
      const created = await api().post(api().core("configmaps"), aConfigMap("p-stale", { v: "1" }));
      const path = api().core("configmaps", "p-stale");
      const { resourceVersion } = created.body.metadata;
      const patch = { metadata: { resourceVersion }, data: { v: "2" } };
      assert.equal((await api().patch(path, MERGE_PATCH, patch)).code, 200);
      const again = await api().patch(path, MERGE_PATCH, { ...patch, data: { v: "3" } });
      assert.equal(again.body.reason, "Conflict");
    });

    test("a JSON patch is carried out in order and as a whole", async () => {
      const path = api().core("configmaps", "p-json");
      await api().post(api().core("configmaps"), {
        ...aConfigMap("p-json", { a: "1" }),
        metadata: { name: "p-json", annotations: { "example.com/b": "2", plain: "3" } },
      });
      const done = await api().patch(path, JSON_PATCH, [
        { op: "test", path: "/data/a", value: "1" },
        { op: "replace", path: "/data/a", value: "10" },
        { op: "remove", path: "/metadata/annotations/example.com~1b" },
        { op: "add", path: "/data/d", value: "4" },
      ]);
      assert.deepEqual(done.body.data, { a: "10", d: "4" });
      assert.deepEqual(done.body.metadata.annotations, { plain: "3" });
      const failing = [
        { op: "add", path: "/data/e", value: "5" },
        { op: "test", path: "/data/a", value: "1" },
      ];
      const failed = await api().patch(path, JSON_PATCH, failing);
      assert.equal(failed.code, 422);
      assert.equal(failed.body.reason, "Invalid");
      assert.deepEqual((await api().get(path)).body.data, { a: "10", d: "4" });
      assert.equal((await api().patch(path, JSON_PATCH, [{ op: "remove", path: "/data/none" }])).code, 422);
      assert.equal((await api().patch(path, JSON_PATCH, { op: "remove" })).code, 400);
    });

    test("a strategic merge patch matches list items by their merge key", async () => {
      const path = api().group("apps/v1", "replicasets", "p-strategic");
      await api().post(api().group("apps/v1", "replicasets"), aReplicaSet("p-strategic"));
      const patchEnv = (env: Wire): Wire => ({
        spec: { template: { spec: { containers: [{ name: "main", env }] } } },
      });
      const envOf = (object: Wire): Wire => object.spec.template.spec.containers[0].env;
      const merged = await api().patch(path, STRATEGIC_PATCH, patchEnv([{ name: "TWO", value: "22" }]));
      assert.deepEqual(envOf(merged.body), [
        { name: "ONE", value: "1" },
        { name: "TWO", value: "22" },
      ]);
      assert.equal(merged.body.spec.template.spec.containers[0].image, "registry.example/main:1");
      const removed = await api().patch(path, STRATEGIC_PATCH, patchEnv([{ name: "ONE", $patch: "delete" }]));
      assert.deepEqual(envOf(removed.body), [{ name: "TWO", value: "22" }]);
      const three = [{ $patch: "replace" }, { name: "THREE", value: "3" }];
      const replaced = await api().patch(path, STRATEGIC_PATCH, patchEnv(three));
      assert.deepEqual(envOf(replaced.body), [{ name: "THREE", value: "3" }]);
    });

    test("conditions are merged by type", async () => {
      const path = `${api().group("apps/v1", "replicasets", "p-conditions")}/status`;
      await api().post(api().group("apps/v1", "replicasets"), aReplicaSet("p-conditions"));
      const set = (type: string, status: string): Promise<Wire> =>
        api().patch(path, STRATEGIC_PATCH, { status: { conditions: [{ type, status }] } });
      await set("One", "True");
      await set("Two", "True");
      const { body } = await set("One", "False");
      const found = body.status.conditions.map((condition: Wire) => `${condition.type} ${condition.status}`);
      assert.deepEqual(found.sort(), ["One False", "Two True"]);
    });

    test("a patch of an unknown kind, of nothing, or to another name is refused", async () => {
      const path = api().core("configmaps", "p-refused");
      await api().post(api().core("configmaps"), aConfigMap("p-refused"));
      assert.equal((await api().patch(path, "application/json", { data: {} })).code, 415);
      assert.equal((await api().patch(path, MERGE_PATCH, { metadata: { name: "other" } })).code, 400);
      assert.equal((await api().patch(`${path}-absent`, MERGE_PATCH, { data: {} })).code, 404);
    });

    test("custom resources take no strategic merge patch", async () => {
      const objects = api().group(custom.groupVersion, custom.resource);
      await api().post(objects, { ...custom.object, metadata: { name: "p-custom" } });
      const { code } = await api().patch(`${objects}/p-custom`, STRATEGIC_PATCH, {
        metadata: { labels: { a: "b" } },
      });
      assert.equal(code, 415);
    });
  });
}
