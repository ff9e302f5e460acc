// The `resize` subresource of pods, as far as the API server decides it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH } from "./contract-api.ts";
import type { Answer, Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";
import { aBinding, aPod, createNode } from "./samples.ts";

export function resizeCases(api: Api): void {
  const resizeTo = (name: string, resources: object): Promise<Answer> =>
    api().patch(`${api().core("pods", name)}/resize`, STRATEGIC_PATCH, {
      spec: { containers: [{ name: "main", resources }] },
    });
  const createBound = async (name: string, resources: object): Promise<void> => {
    const nodeName = await createNode(api(), name);
    await api().post(api().core("pods"), aPod({ name, resources }));
    await api().post(`${api().core("pods", name)}/binding`, aBinding(name, nodeName));
  };
  const requestsOf = (pod: Wire): Wire => pod.spec.containers[0].resources.requests;

  describe("resize", () => {
    test("the requests of a container change, and the generation with them", async () => {
      await createBound("r-change", { requests: { cpu: "100m", memory: "64Mi" } });
      const { code, body } = await resizeTo("r-change", { requests: { cpu: "300m" } });
      assert.equal(code, 200);
      assert.deepEqual(requestsOf(body), { cpu: "300m", memory: "64Mi" });
      assert.equal(body.metadata.generation, 2);
    });

    test("JSON and merge patches resize as well", async () => {
      await createBound("r-kinds", { requests: { cpu: "100m", memory: "64Mi" } });
      const path = `${api().core("pods", "r-kinds")}/resize`;
      const operation = { op: "replace", path: "/spec/containers/0/resources/requests/cpu", value: "200m" };
      assert.equal(requestsOf((await api().patch(path, JSON_PATCH, [operation])).body).cpu, "200m");
      const { body: pod } = await api().get(api().core("pods", "r-kinds"));
      const [container] = pod.spec.containers;
      const containers = [{ ...container, resources: { requests: { cpu: "400m", memory: "64Mi" } } }];
      const merged = await api().patch(path, MERGE_PATCH, { spec: { containers } });
      assert.equal(requestsOf(merged.body).cpu, "400m");
    });

    test("labels and annotations that come with a resize are dropped", async () => {
      await createBound("r-labels", { requests: { cpu: "100m" } });
      const { code, body } = await api().patch(`${api().core("pods", "r-labels")}/resize`, STRATEGIC_PATCH, {
        metadata: { labels: { a: "b" }, annotations: { c: "d" } },
        spec: { containers: [{ name: "main", resources: { requests: { cpu: "200m" } } }] },
      });
      assert.equal(code, 200);
      assert.equal(requestsOf(body).cpu, "200m");
      assert.equal(body.metadata.labels?.a, undefined);
      assert.equal(body.metadata.annotations?.c, undefined);
    });

    test("requests above the node's allocatable are forbidden for want of capacity", async () => {
      await createBound("r-large", { requests: { cpu: "100m", memory: "64Mi" } });
      const { code, body } = await resizeTo("r-large", { requests: { cpu: "3" } });
      assert.equal(code, 403);
      assert.equal(body.reason, "Forbidden");
      assert.ok(body.details.causes.some((cause: Wire) => cause.reason === "NodeCapacity"));
      assert.equal((await resizeTo("r-large", { requests: { memory: "5Gi" } })).code, 403);
      assert.equal((await resizeTo("r-large", { requests: { cpu: "2" } })).code, 200);
    });

    test("a resize may not change the QoS class, exceed a limit or remove a request", async () => {
      const amounts = { cpu: "100m", memory: "64Mi" };
      await createBound("r-qos", { requests: amounts, limits: amounts });
      const lower = await resizeTo("r-qos", { requests: { cpu: "50m" } });
      assert.equal(lower.code, 422);
      assert.match(lower.body.message, /QOS Class may not change/);
      assert.equal((await resizeTo("r-qos", { requests: { cpu: "200m" } })).code, 422);
      await createBound("r-remove", { requests: amounts });
      assert.equal((await resizeTo("r-remove", { requests: { cpu: null } })).code, 422);
    });

    test("a pod whose kubelet does not say what its running containers have cannot be resized", async () => {
      await createBound("r-old-kubelet", { requests: { cpu: "100m" } });
      const status = (resources: object): object => ({
        status: {
          containerStatuses: [
            {
              name: "main",
              image: "none",
              imageID: "",
              ready: true,
              restartCount: 0,
              state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
              ...resources,
            },
          ],
        },
      });
      const path = `${api().core("pods", "r-old-kubelet")}/status`;
      assert.equal((await api().patch(path, STRATEGIC_PATCH, status({}))).code, 200);
      const refused = await resizeTo("r-old-kubelet", { requests: { cpu: "200m" } });
      assert.equal(refused.code, 422);
      assert.match(refused.body.message, /node without support for resize/);
      await api().patch(path, STRATEGIC_PATCH, status({ resources: { requests: { cpu: "100m" } } }));
      assert.equal((await resizeTo("r-old-kubelet", { requests: { cpu: "200m" } })).code, 200);
    });

    test("a resize of no pod is NotFound", async () => {
      assert.equal((await resizeTo("r-absent", { requests: { cpu: "1" } })).code, 404);
    });
  });
}
