// Services and EndpointSlices: what node-level discovery reads and writes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import type { NodeSlice } from "#model/node-slice.ts";
import { decodeService } from "#kube/decode-service.ts";
import { decodeNodeSlice, MANAGED_SELECTOR, nodeSliceObject, SERVICE_LABEL } from "#kube/node-slice.ts";
import type { Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";

const GROUP_VERSION = "discovery.k8s.io/v1";
/** As many as the API takes. */
const ENDPOINTS_MAX = 1_000;

export function discoveryCases(api: Api): void {
  const collection = (): string => api().group(GROUP_VERSION, "endpointslices");

  function aSlice(name: string, overrides: Partial<NodeSlice> = {}): Wire {
    return nodeSliceObject({
      namespace: api().namespace,
      name,
      service: "cart",
      serviceUid: "00000000-0000-4000-8000-000000000001",
      app: `${api().namespace}/cart` as AppName,
      family: "IPv4",
      inboundPort: 20_000,
      servicePorts: [80],
      clusterIps: ["10.96.0.9"],
      entries: [
        { node: "node-1" as NodeName, address: "10.0.0.1", zone: "a", state: "ready" },
        { node: "node-2" as NodeName, address: "10.0.0.2", zone: "", state: "terminating" },
        { node: "node-3" as NodeName, address: "10.0.0.3", zone: "b", state: "unready" },
      ],
      ...overrides,
    });
  }

  describe("discovery", () => {
    test("a Service keeps what discovery reads of it", async () => {
      const spec = {
        selector: { "berth.dev/app": "cart" },
        ports: [
          { name: "http", port: 80, targetPort: "web" },
          { name: "admin", port: 8081 },
          { name: "dns", port: 53, protocol: "UDP" },
        ],
        clusterIP: "None",
      };
      const service = { apiVersion: "v1", kind: "Service", metadata: { name: "cart" }, spec };
      assert.equal((await api().post(api().core("services"), service)).code, 201);
      const { body } = await api().get(api().core("services", "cart"));
      const { uid, ...view } = decodeService(body);
      assert.match(uid, /^[0-9a-f-]{36}$/);
      assert.deepEqual(view, {
        namespace: api().namespace,
        name: "cart",
        selector: { "berth.dev/app": "cart" },
        ports: [
          { port: 80, target: "web" },
          { port: 8081, target: 8081 },
        ],
        clusterIps: [],
        hasOwnRouting: false,
      });
      await api().delete(api().core("services", "cart"));
    });

    test("a node-level slice comes back as it was written, and is found by both its labels", async () => {
      const created = await api().post(collection(), aSlice("d-whole"));
      assert.equal(created.code, 201, created.body.message);
      const read = (await api().get(`${collection()}/d-whole`)).body;
      const rewritten = nodeSliceObject(decodeNodeSlice(read)) as Wire;
      assert.deepEqual(rewritten, aSlice("d-whole"));
      for (const selector of [MANAGED_SELECTOR, SERVICE_LABEL, "!kubernetes.io/service-name"]) {
        const { body } = await api().get(`${collection()}?labelSelector=${encodeURIComponent(selector)}`);
        const names = body.items.map(({ metadata }: Wire) => metadata.name);
        assert.ok(names.includes("d-whole"), selector);
      }
      await api().delete(`${collection()}/d-whole`);
    });

    test("a replace of another version is a Conflict, and so is a deletion of one", async () => {
      const { body: created } = await api().post(collection(), aSlice("d-version"));
      const path = `${collection()}/d-version`;
      const { resourceVersion, uid } = created.metadata;
      const slice = decodeNodeSlice(created);
      const shorter = { ...slice, entries: slice.entries.slice(1) };
      const replaced = await api().put(path, nodeSliceObject(shorter, resourceVersion));
      assert.equal(replaced.code, 200);
      assert.equal((await api().put(path, nodeSliceObject(slice, resourceVersion))).body.reason, "Conflict");
      const stale = await api().delete(path, { preconditions: { uid, resourceVersion } });
      assert.deepEqual([stale.code, stale.body.reason], [409, "Conflict"]);
      const present = { uid, resourceVersion: replaced.body.metadata.resourceVersion };
      assert.equal((await api().delete(path, { preconditions: present })).code, 200);
    });

    test("what is no list of endpoints of one family is refused", async () => {
      const [first] = decodeNodeSlice(aSlice("d-wrong")).entries;
      assert.ok(first !== undefined);
      const many = Array.from({ length: ENDPOINTS_MAX + 1 }, (_, index) => ({
        ...first,
        address: `10.1.${index >> 8}.${index & 255}`,
      }));
      for (const [entries, field] of [
        [many, "endpoints"],
        [[{ ...first, address: "fd00::1" }], "addresses"],
        [[{ ...first, address: "somewhere" }], "addresses"],
      ] as const) {
        const { code, body } = await api().post(collection(), aSlice("d-wrong", { entries }));
        assert.equal(code, 422, body.message);
        assert.ok(body.message.includes(field), body.message);
      }
      const most = await api().post(collection(), aSlice("d-most", { entries: many.slice(1) }));
      assert.equal(most.code, 201, most.body.message);
      const other = await api().put(
        `${collection()}/d-most`,
        nodeSliceObject({ ...decodeNodeSlice(most.body), family: "IPv6", entries: [] }),
      );
      assert.equal(other.code, 422, "a slice's family stays");
      await api().delete(`${collection()}/d-most`);
    });
  });
}
