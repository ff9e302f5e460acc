import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import { type NodeSlice, publishableFamily } from "#model/node-slice.ts";
import { DecodeError } from "./decode-pod.ts";
import { decodeNodeSlice, nodeSliceObject } from "./node-slice.ts";

const SLICE: NodeSlice = {
  namespace: "shop",
  name: "berth-cart-0",
  service: "cart",
  serviceUid: "u1",
  app: "shop/cart" as AppName,
  family: "IPv6",
  inboundPort: 20_000,
  servicePorts: [80, 8080],
  clusterIps: ["fd00:96::1"],
  entries: [
    { node: "node-1" as NodeName, address: "fd00::1", zone: "a", state: "ready" },
    { node: "node-2" as NodeName, address: "fd00::2", zone: "", state: "terminating" },
    { node: "node-3" as NodeName, address: "fd00::3", zone: "", state: "unready" },
  ],
};

test("a slice is read as it was written", () => {
  assert.deepEqual(decodeNodeSlice(nodeSliceObject(SLICE)), SLICE);
  const headless = { ...SLICE, clusterIps: [], entries: [] };
  assert.deepEqual(decodeNodeSlice(nodeSliceObject(headless)), headless);
});

test("neither kube-proxy nor anyone who looks by Service finds a slice of ours", () => {
  const { labels } = (nodeSliceObject(SLICE) as { metadata: { labels: Record<string, string> } }).metadata;
  assert.equal(labels["kubernetes.io/service-name"], undefined);
  assert.ok("service.kubernetes.io/service-proxy-name" in labels);
});

test("what is not as it is written is refused with the field", () => {
  const object = nodeSliceObject(SLICE) as Record<string, object>;
  const metadata = object["metadata"] as Record<string, object>;
  for (const [wrong, field] of [
    [{ ...object, metadata: { ...metadata, labels: {} } }, "metadata.labels"],
    [
      { ...object, metadata: { ...metadata, annotations: { "berth.dev/service-ports": "http" } } },
      "service-ports",
    ],
    [{ ...object, ports: [{ port: 0 }] }, "ports[0].port"],
    [{ ...object, addressType: "FQDN" }, "addressType"],
    [{ ...object, endpoints: [{ addresses: [], nodeName: "n" }] }, "endpoints[0].addresses"],
    [null, "expected object"],
  ] as const) {
    assert.throws(
      () => decodeNodeSlice(wrong),
      (error: unknown) => error instanceof DecodeError && error.message.includes(field),
      field,
    );
  }
});

test("Kubernetes takes no loopback and no link-local address into a slice", () => {
  for (const address of ["10.0.0.1", "192.0.2.7", "128.0.0.1"])
    assert.equal(publishableFamily(address), "IPv4");
  for (const address of ["fd00::1", "2001:db8::1", "fe00::1"])
    assert.equal(publishableFamily(address), "IPv6");
  for (const address of [
    "127.0.0.1",
    "127.9.9.9",
    "169.254.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "node",
    "",
  ]) {
    assert.equal(publishableFamily(address), undefined, address);
  }
});
