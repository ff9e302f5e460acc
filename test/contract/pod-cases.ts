// Pods before they run: defaults, gates, nominations, bindings, and what may change.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH } from "./contract-api.ts";
import type { Answer, Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";
import { aBinding, aPod, createNode } from "./samples.ts";

export function podCases(api: Api): void {
  const create = (pod: Wire): Promise<Answer> => api().post(api().core("pods"), pod);
  const bind = (name: string, nodeName: string): Promise<Answer> =>
    api().post(`${api().core("pods", name)}/binding`, aBinding(name, nodeName));
  const conditionOf = (pod: Wire, type: string): Wire =>
    (pod.status.conditions ?? []).find((condition: Wire) => condition.type === type);
  const gated = { schedulingGates: [{ name: "example.com/one" }, { name: "example.com/two" }] };

  describe("pods", () => {
    test("a created pod is Pending, with defaults and a QoS class", async () => {
      const limits = { cpu: "100m", memory: "64Mi" };
      const { code, body } = await create(aPod({ name: "d-defaults", resources: { limits } }));
      assert.equal(code, 201);
      assert.equal(body.status.phase, "Pending");
      assert.equal(body.status.qosClass, "Guaranteed");
      assert.deepEqual(body.spec.containers[0].resources.requests, limits);
      assert.equal(body.spec.schedulerName, "default-scheduler");
      assert.equal(body.spec.terminationGracePeriodSeconds, 30);
      assert.equal(body.spec.priority, 0);
      assert.equal(body.metadata.generation, 1);
      const plain = await create(aPod({ name: "d-plain" }));
      assert.equal(plain.body.status.qosClass, "BestEffort");
    });

    test("a pod without containers, with requests above limits or an unknown priority is refused", async () => {
      const none = await create({ ...aPod({ name: "d-none" }), spec: { containers: [] } });
      assert.equal(none.code, 422);
      const resources = { requests: { cpu: "2" }, limits: { cpu: "1" } };
      assert.equal((await create(aPod({ name: "d-above", resources }))).code, 422);
      const unknown = await create(aPod({ name: "d-class", spec: { priorityClassName: "there-is-none" } }));
      assert.equal(unknown.code, 403);
      assert.equal(unknown.body.reason, "Forbidden");
    });

    test("a priority class gives its pods their priority", async () => {
      const name = `${api().namespace}-class`;
      const priorityClass = {
        apiVersion: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        metadata: { name },
        value: 77,
      };
      await api().post("/apis/scheduling.k8s.io/v1/priorityclasses", priorityClass);
      const { body } = await create(aPod({ name: "d-priority", spec: { priorityClassName: name } }));
      assert.equal(body.spec.priority, 77);
    });

    test("a binding assigns the node once, says so in the conditions and ends a nomination", async () => {
      const nodeName = await createNode(api(), "bind");
      await create(aPod({ name: "b-once" }));
      const path = api().core("pods", "b-once");
      const nomination = { status: { nominatedNodeName: nodeName } };
      assert.equal(
        (await api().patch(`${path}/status`, MERGE_PATCH, nomination)).body.status.nominatedNodeName,
        nodeName,
      );
      const { code, body } = await bind("b-once", nodeName);
      assert.deepEqual([code, body.kind, body.status], [201, "Status", "Success"]);
      const bound = (await api().get(path)).body;
      assert.equal(bound.spec.nodeName, nodeName);
      assert.equal(bound.status.nominatedNodeName, undefined);
      assert.equal(conditionOf(bound, "PodScheduled").status, "True");
      assert.equal(bound.metadata.generation, 1);
      const again = await bind("b-once", nodeName);
      assert.equal(again.code, 409);
      assert.equal(again.body.reason, "Conflict");
      assert.match(again.body.message, /is already assigned to node/);
    });

    test("a binding wants a pod, that very pod, and a node", async () => {
      assert.equal((await bind("b-absent", "anywhere")).code, 404);
      await create(aPod({ name: "b-other" }));
      const binding = aBinding("b-other", "anywhere");
      const uid = "00000000-0000-4000-8000-000000000000";
      const path = `${api().core("pods", "b-other")}/binding`;
      const other = await api().post(path, { ...binding, metadata: { ...binding.metadata, uid } });
      assert.equal(other.code, 409);
      const nowhere = await api().post(path, { ...binding, target: { kind: "Node", name: "" } });
      assert.equal(nowhere.code, 500);
      assert.equal(nowhere.body.reason, undefined);
      assert.equal(nowhere.body.message, "target.name: Required value");
    });

    test("gates hold a pod back, can be lifted and not be added", async () => {
      const { body: created } = await create(aPod({ name: "g-gated", spec: gated }));
      const condition = conditionOf(created, "PodScheduled");
      assert.deepEqual([condition.status, condition.reason], ["False", "SchedulingGated"]);
      const path = api().core("pods", "g-gated");
      assert.equal((await bind("g-gated", "anywhere")).code, 409);
      const added = await api().patch(path, STRATEGIC_PATCH, {
        spec: { schedulingGates: [{ name: "example.com/three" }] },
      });
      assert.equal(added.code, 422);
      const lifted = await api().patch(path, JSON_PATCH, [
        { op: "test", path: "/spec/schedulingGates/0/name", value: "example.com/one" },
        { op: "remove", path: "/spec/schedulingGates/0" },
      ]);
      assert.deepEqual(lifted.body.spec.schedulingGates, [{ name: "example.com/two" }]);
      const none = await api().patch(path, MERGE_PATCH, { spec: { schedulingGates: null } });
      assert.equal(none.code, 200);
      assert.equal(none.body.spec.schedulingGates, undefined);
      assert.equal((await bind("g-gated", "anywhere")).code, 201);
    });

    test("a nomination and its annotation are one write of the status, and every write can ask for the version it means", async () => {
      const { body: created } = await create(aPod({ name: "n-gated", spec: gated }));
      const path = api().core("pods", "n-gated");
      const { uid, resourceVersion } = created.metadata;
      const nomination = (version: string): Wire => ({
        metadata: { uid, resourceVersion: version, annotations: { nominated: "node-1" } },
        status: { nominatedNodeName: "node-1" },
      });
      const nominated = await api().patch(`${path}/status`, MERGE_PATCH, nomination(resourceVersion));
      assert.equal(nominated.body.status.nominatedNodeName, "node-1");
      assert.equal(nominated.body.metadata.annotations.nominated, "node-1");
      const late = await api().patch(`${path}/status`, MERGE_PATCH, nomination(resourceVersion));
      assert.equal(late.code, 409);
      const lift = (version: string): Wire[] => [
        { op: "test", path: "/metadata/uid", value: uid },
        { op: "test", path: "/metadata/resourceVersion", value: version },
        { op: "remove", path: "/spec/schedulingGates/0" },
      ];
      assert.equal((await api().patch(path, JSON_PATCH, lift(resourceVersion))).code, 422);
      const present = nominated.body.metadata.resourceVersion;
      assert.equal((await api().patch(path, JSON_PATCH, lift(present))).code, 200);
      const byName = [{ $patch: "delete", name: "example.com/two" }];
      const opened = await api().patch(path, STRATEGIC_PATCH, {
        metadata: { uid },
        spec: { schedulingGates: byName },
      });
      assert.deepEqual([opened.code, opened.body.spec.schedulingGates ?? []], [200, []]);
      const cleared = await api().patch(`${path}/status`, MERGE_PATCH, {
        metadata: { uid, annotations: { nominated: null } },
        status: { nominatedNodeName: null },
      });
      assert.equal(cleared.body.status.nominatedNodeName, undefined);
      assert.equal(cleared.body.metadata.annotations?.nominated, undefined);
    });

    test("of a pod's spec little may change, and its resources only through resize", async () => {
      await create(aPod({ name: "u-fixed", resources: { requests: { cpu: "100m" } } }));
      const path = api().core("pods", "u-fixed");
      const image = [{ name: "main", image: "registry.example/main:2" }];
      const updated = await api().patch(path, STRATEGIC_PATCH, { spec: { containers: image } });
      assert.equal(updated.code, 200);
      assert.equal(updated.body.metadata.generation, 2);
      const resources = [{ name: "main", resources: { requests: { cpu: "200m" } } }];
      const refused = await api().patch(path, STRATEGIC_PATCH, { spec: { containers: resources } });
      assert.equal(refused.code, 422);
      assert.match(refused.body.message, /pod updates may not change fields other than/);
      assert.equal((await api().patch(path, MERGE_PATCH, { spec: { nodeName: "n" } })).code, 422);
    });

    test("a pod's status and annotations are written apart from its spec", async () => {
      await create(aPod({ name: "u-status" }));
      const path = api().core("pods", "u-status");
      const status = { status: { message: "seen" }, spec: { activeDeadlineSeconds: 5 } };
      const written = await api().patch(`${path}/status`, STRATEGIC_PATCH, status);
      assert.equal(written.body.status.message, "seen");
      assert.equal(written.body.spec.activeDeadlineSeconds, undefined);
      const annotated = await api().patch(path, MERGE_PATCH, {
        metadata: { annotations: { a: "b" } },
        status: { message: "no" },
      });
      assert.deepEqual([annotated.body.metadata.annotations.a, annotated.body.status.message], ["b", "seen"]);
    });
  });
}
