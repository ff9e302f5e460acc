// Deletion: at once, with grace, with finalizers, under preconditions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MERGE_PATCH } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";
import { aBinding, aConfigMap, aPod, createNode } from "./samples.ts";

export function deletionCases(api: Api): void {
  describe("deletion", () => {
    test("most objects are gone at once", async () => {
      await api().post(api().core("configmaps"), aConfigMap("x-gone"));
      const path = api().core("configmaps", "x-gone");
      const { code, body } = await api().delete(path);
      assert.deepEqual([code, body.kind, body.status], [200, "Status", "Success"]);
      assert.equal(body.details.name, "x-gone");
      assert.equal((await api().get(path)).code, 404);
      assert.equal((await api().delete(path)).body.reason, "NotFound");
    });

    test("a pod without a node is gone at once, one on a node waits for its kubelet", async () => {
      const pods = api().core("pods");
      await api().post(pods, aPod({ name: "x-unbound" }));
      await api().delete(`${pods}/x-unbound`);
      assert.equal((await api().get(`${pods}/x-unbound`)).code, 404);

      const nodeName = await createNode(api(), "delete");
      await api().post(pods, aPod({ name: "x-bound" }));
      await api().post(`${pods}/x-bound/binding`, aBinding("x-bound", nodeName));
      const { code, body } = await api().delete(`${pods}/x-bound`, { gracePeriodSeconds: 20 });
      assert.equal(code, 200);
      assert.equal(body.metadata.deletionGracePeriodSeconds, 20);
      assert.match(body.metadata.deletionTimestamp, /Z$/);
      const longer = await api().delete(`${pods}/x-bound`, { gracePeriodSeconds: 40 });
      assert.equal(longer.body.metadata.deletionGracePeriodSeconds, 20);
      await api().delete(`${pods}/x-bound?gracePeriodSeconds=0`);
      assert.equal((await api().get(`${pods}/x-bound`)).code, 404);
    });

    test("a finalizer keeps a deleted object until it is taken away", async () => {
      const finalizers = ["example.com/wait"];
      const path = api().core("configmaps", "x-final");
      await api().post(api().core("configmaps"), {
        ...aConfigMap("x-final"),
        metadata: { name: "x-final", finalizers },
      });
      const deleted = await api().delete(path);
      assert.match(deleted.body.metadata.deletionTimestamp, /Z$/);
      assert.equal((await api().get(path)).code, 200);
      await api().patch(path, MERGE_PATCH, { metadata: { finalizers: null } });
      assert.equal((await api().get(path)).code, 404);
    });

    test("preconditions protect an object that was made anew", async () => {
      const created = await api().post(api().core("configmaps"), aConfigMap("x-uid"));
      const path = api().core("configmaps", "x-uid");
      const other = { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } };
      const refused = await api().delete(path, other);
      assert.equal(refused.code, 409);
      assert.equal(refused.body.reason, "Conflict");
      const { uid, resourceVersion } = created.body.metadata;
      assert.equal((await api().delete(path, { preconditions: { uid, resourceVersion: "1" } })).code, 409);
      assert.equal((await api().delete(path, { preconditions: { uid, resourceVersion } })).code, 200);
    });
  });
}
