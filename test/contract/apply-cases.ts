// Server-side apply: creation, ownership, conflicts, force, removal.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { APPLY_PATCH, MERGE_PATCH } from "./contract-api.ts";
import type { Answer, Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";
import { aConfigMap, aReplicaSet } from "./samples.ts";

export function applyCases(api: Api): void {
  const apply = (manager: string, object: Wire, options = ""): Promise<Answer> => {
    const { name } = object.metadata;
    const path =
      object.kind === "ConfigMap"
        ? api().core("configmaps", name)
        : api().group("apps/v1", "replicasets", name);
    return api().patch(`${path}?fieldManager=${manager}${options}`, APPLY_PATCH, object);
  };

  describe("server-side apply", () => {
    test("the first apply creates, the same again changes nothing", async () => {
      const created = await apply("one", aConfigMap("a-create", { v: "1" }));
      assert.equal(created.code, 201);
      const [entry] = created.body.metadata.managedFields;
      assert.deepEqual([entry.manager, entry.operation, entry.fieldsType], ["one", "Apply", "FieldsV1"]);
      assert.deepEqual(entry.fieldsV1, { "f:data": { "f:v": {} } });
      const again = await apply("one", aConfigMap("a-create", { v: "1" }));
      assert.equal(again.code, 200);
      assert.equal(again.body.metadata.resourceVersion, created.body.metadata.resourceVersion);
    });

    test("another manager's value is a conflict, one cause per field", async () => {
      await apply("one", aConfigMap("a-conflict", { x: "1", y: "1" }));
      const { code, body } = await apply("two", aConfigMap("a-conflict", { x: "2", y: "2", z: "2" }));
      assert.equal(code, 409);
      assert.equal(body.reason, "Conflict");
      const causes = body.details.causes.map((cause: Wire) => [cause.reason, cause.message, cause.field]);
      assert.deepEqual(causes.sort(), [
        ["FieldManagerConflict", 'conflict with "one"', ".data.x"],
        ["FieldManagerConflict", 'conflict with "one"', ".data.y"],
      ]);
    });

    test("managers that agree share a field, and it stays until the last lets go", async () => {
      await apply("one", aConfigMap("a-shared", { v: "1" }));
      assert.equal((await apply("two", aConfigMap("a-shared", { v: "1" }))).code, 200);
      const one = await apply("one", aConfigMap("a-shared"));
      assert.deepEqual(one.body.data, { v: "1" });
      const two = await apply("two", aConfigMap("a-shared"));
      assert.equal(two.body.data?.v, undefined);
    });

    test("force takes a field over, and its former owner meets the conflict then", async () => {
      await apply("one", aConfigMap("a-force", { v: "1" }));
      const forced = await apply("two", aConfigMap("a-force", { v: "2" }), "&force=true");
      assert.equal(forced.code, 200);
      assert.equal(forced.body.data.v, "2");
      assert.equal((await apply("one", aConfigMap("a-force", { v: "1" }))).code, 409);
    });

    test("what an ordinary update changed belongs to the updater", async () => {
      await apply("one", aConfigMap("a-update", { v: "1" }));
      await api().patch(`${api().core("configmaps", "a-update")}?fieldManager=editor`, MERGE_PATCH, {
        data: { v: "2" },
      });
      const edited = await api().get(api().core("configmaps", "a-update"));
      const owners = edited.body.metadata.managedFields
        .filter((entry: Wire) => entry.fieldsV1["f:data"]?.["f:v"] !== undefined)
        .map((entry: Wire) => `${entry.manager} ${entry.operation}`);
      assert.deepEqual(owners, ["editor Update"]);
      const { code, body } = await apply("one", aConfigMap("a-update", { v: "1" }));
      assert.equal(code, 409);
      assert.match(body.details.causes[0].message, /^conflict with "editor" using v1/);
    });

    test("what is applied no more is removed, and what others set stays", async () => {
      await apply("one", aConfigMap("a-remove", { mine: "1", gone: "1" }));
      await api().patch(api().core("configmaps", "a-remove"), MERGE_PATCH, { data: { theirs: "1" } });
      const { body } = await apply("one", aConfigMap("a-remove", { mine: "1" }));
      assert.deepEqual(body.data, { mine: "1", theirs: "1" });
    });

    test("items of a keyed list are owned one by one", async () => {
      const withEnv = (env: Wire): Wire => ({
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: { name: "a-items" },
        spec: { template: { spec: { containers: [{ name: "main", env }] } } },
      });
      const whole = aReplicaSet("a-items");
      await apply("one", whole);
      const added = await apply("two", withEnv([{ name: "THREE", value: "3" }]));
      assert.equal(added.code, 200);
      whole.spec.template.spec.containers[0].env = [{ name: "TWO", value: "2" }];
      const { body } = await apply("one", whole);
      const names = body.spec.template.spec.containers[0].env.map((variable: Wire) => variable.name);
      assert.deepEqual(names.sort(), ["THREE", "TWO"]);
    });

    test("an apply has to say who applies", async () => {
      const path = api().core("configmaps", "a-nobody");
      const { code } = await api().patch(path, APPLY_PATCH, aConfigMap("a-nobody"));
      assert.equal(code, 422);
    });
  });
}
