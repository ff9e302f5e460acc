// Creating, reading and replacing objects: metadata, conflicts, generation, the status subresource, leases.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MERGE_PATCH } from "./contract-api.ts";
import type { Api, ContractTarget } from "./contract-target.ts";
import { aConfigMap, aReplicaSet } from "./samples.ts";

export function objectCases(api: Api, { custom }: ContractTarget): void {
  describe("objects", () => {
    test("a created object gets the server's metadata", async () => {
      const { code, body } = await api().post(api().core("configmaps"), aConfigMap("created", { a: "1" }));
      assert.equal(code, 201);
      assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
      assert.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.match(body.metadata.resourceVersion, /^\d+$/);
      assert.equal(body.metadata.namespace, api().namespace);
      const read = await api().get(api().core("configmaps", "created"));
      assert.deepEqual(read.body.data, { a: "1" });
    });

    test("a name that is taken is refused as AlreadyExists", async () => {
      await api().post(api().core("configmaps"), aConfigMap("taken"));
      const { code, body } = await api().post(api().core("configmaps"), aConfigMap("taken"));
      assert.equal(code, 409);
      assert.equal(body.kind, "Status");
      assert.equal(body.reason, "AlreadyExists");
      assert.equal(body.details.name, "taken");
      assert.equal(body.message, 'configmaps "taken" already exists');
    });

    test("generateName gives names that differ", async () => {
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } };
      const one = await api().post(api().core("configmaps"), object);
      const two = await api().post(api().core("configmaps"), object);
      assert.match(one.body.metadata.name, /^made-[a-z0-9]{5}$/);
      assert.notEqual(one.body.metadata.name, two.body.metadata.name);
    });

    test("what does not parse or does not belong here is refused", async () => {
      const configmaps = api().core("configmaps");
      assert.equal((await api().postText(configmaps, "{ not json")).code, 400);
      const elsewhere = { ...aConfigMap("elsewhere"), metadata: { name: "elsewhere", namespace: "default" } };
      assert.equal((await api().post(configmaps, elsewhere)).code, 400);
      assert.equal((await api().post(configmaps, { ...aConfigMap("kind"), kind: "Pod" })).code, 400);
      assert.equal((await api().post(configmaps, aConfigMap("Not_A_Name"))).body.reason, "Invalid");
      assert.equal((await api().post(configmaps, aConfigMap(""))).code, 422);
      const nowhere = await api().post("/api/v1/namespaces/there-is-none/configmaps", aConfigMap("x"));
      assert.equal(nowhere.code, 404);
      assert.equal(nowhere.body.message, 'namespaces "there-is-none" not found');
    });

    test("what is not there is NotFound, with its name", async () => {
      const { code, body } = await api().get(api().group("coordination.k8s.io/v1", "leases", "absent"));
      assert.equal(code, 404);
      assert.equal(body.reason, "NotFound");
      assert.equal(body.message, 'leases.coordination.k8s.io "absent" not found');
      assert.deepEqual(body.details, { name: "absent", group: "coordination.k8s.io", kind: "leases" });
      assert.equal((await api().get("/api/v1/there-is-no-such-resource")).code, 404);
      assert.equal((await api().get("/apis/no.such.group/v1/things")).code, 404);
    });

    test("a replace from a stale version is a Conflict and changes nothing", async () => {
      const created = await api().post(api().core("configmaps"), aConfigMap("stale", { v: "1" }));
      const path = api().core("configmaps", "stale");
      const first = await api().put(path, { ...created.body, data: { v: "2" } });
      assert.equal(first.code, 200);
      const second = await api().put(path, { ...created.body, data: { v: "3" } });
      assert.equal(second.code, 409);
      assert.equal(second.body.reason, "Conflict");
      assert.match(second.body.message, /the object has been modified/);
      assert.deepEqual((await api().get(path)).body.data, { v: "2" });
    });

    test("a replace that changes nothing keeps the resourceVersion", async () => {
      const created = await api().post(api().core("configmaps"), aConfigMap("same", { v: "1" }));
      const replaced = await api().put(api().core("configmaps", "same"), created.body);
      assert.equal(replaced.code, 200);
      assert.equal(replaced.body.metadata.resourceVersion, created.body.metadata.resourceVersion);
    });

    test("a replace must name the object of its path and its uid", async () => {
      const created = await api().post(api().core("configmaps"), aConfigMap("named"));
      const path = api().core("configmaps", "named");
      assert.equal((await api().put(path, aConfigMap("other"))).code, 400);
      const otherUid = { ...created.body.metadata, uid: "00000000-0000-4000-8000-000000000000" };
      assert.equal((await api().put(path, { ...created.body, metadata: otherUid })).code, 409);
      assert.equal((await api().put(api().core("configmaps", "gone"), aConfigMap("gone"))).code, 404);
    });

    test("the generation moves with the spec alone", async () => {
      const created = await api().post(api().group("apps/v1", "replicasets"), aReplicaSet("generation"));
      assert.equal(created.body.metadata.generation, 1);
      const path = api().group("apps/v1", "replicasets", "generation");
      const labelled = await api().patch(path, MERGE_PATCH, { metadata: { labels: { a: "b" } } });
      assert.equal(labelled.body.metadata.generation, 1);
      const scaled = await api().patch(path, MERGE_PATCH, { spec: { replicas: 4 } });
      assert.equal(scaled.body.metadata.generation, 2);
      const observed = await api().patch(`${path}/status`, MERGE_PATCH, { status: { replicas: 2 } });
      assert.equal(observed.body.metadata.generation, 2);
    });

    test("a write to the status leaves the spec alone, and the other way round", async () => {
      await api().post(api().group("apps/v1", "replicasets"), aReplicaSet("sides"));
      const path = api().group("apps/v1", "replicasets", "sides");
      const both = { spec: { replicas: 7 }, status: { replicas: 3 } };
      const toStatus = await api().patch(`${path}/status`, MERGE_PATCH, both);
      assert.equal(toStatus.code, 200);
      assert.deepEqual([toStatus.body.spec.replicas, toStatus.body.status.replicas], [1, 3]);
      const toSpec = await api().patch(path, MERGE_PATCH, { spec: { replicas: 7 }, status: { replicas: 5 } });
      assert.deepEqual([toSpec.body.spec.replicas, toSpec.body.status.replicas], [7, 3]);
    });

    test("of two candidates that replace a lease from the same version one wins", async () => {
      const leases = api().group("coordination.k8s.io/v1", "leases");
      const spec = { leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" };
      const lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "leader" },
        spec,
      };
      const { body: held } = await api().post(leases, lease);
      assert.equal(held.spec.renewTime, "2026-01-01T00:00:00.000000Z");
      const claims = ["one", "two"].map((holderIdentity) =>
        api().put(`${leases}/leader`, { ...held, spec: { ...spec, holderIdentity } }),
      );
      const codes = (await Promise.all(claims)).map(({ code }) => code);
      assert.deepEqual(codes.sort(), [200, 409]);
    });

    test("custom resources keep status apart and want a resourceVersion to be replaced", async () => {
      const { groupVersion, resource, object, status } = custom;
      const objects = api().group(groupVersion, resource);
      const created = await api().post(objects, { ...object, metadata: { name: "sample" }, status });
      assert.equal(created.code, 201);
      assert.equal(created.body.status, undefined);
      assert.equal(created.body.metadata.generation, 1);
      const blind = await api().put(`${objects}/sample`, { ...object, metadata: { name: "sample" } });
      assert.equal(blind.code, 422);
      const patch = { status, metadata: { labels: { dropped: "yes" } } };
      const written = await api().patch(`${objects}/sample/status`, MERGE_PATCH, patch);
      assert.equal(written.code, 200);
      assert.deepEqual(written.body.status, status);
      assert.equal(written.body.metadata.labels, undefined);
      assert.equal(written.body.metadata.generation, 1);
    });
  });
}
