import assert from "node:assert/strict";
import { test } from "node:test";
import { podTraits } from "./pod-traits.ts";

const PORTS = [
  {
    ports: [
      { name: "dns", containerPort: 53, protocol: "UDP" },
      { name: "web", containerPort: 8080 },
    ],
  },
];

test("pods of one template share their traits, those of a StatefulSet and of two ReplicaSets, too", () => {
  const of = (labels: Record<string, string>) => podTraits({ labels: { app: "cart", ...labels } }, PORTS);
  const traits = of({ "pod-template-hash": "1" });
  assert.equal(of({ "pod-template-hash": "2" }), traits);
  assert.equal(
    of({ "statefulset.kubernetes.io/pod-name": "cart-7", "apps.kubernetes.io/pod-index": "7" }),
    traits,
  );
  assert.deepEqual(traits.labels, { app: "cart" });
  assert.notEqual(of({ track: "canary" }).key, traits.key);
});

test("the app's port is the first TCP port with its name, or the annotation's", () => {
  const portOf = (annotation?: string) =>
    podTraits(annotation === undefined ? {} : { annotations: { "berth.dev/app-port": annotation } }, PORTS)
      .appPort;
  assert.deepEqual(portOf(), { port: 8080, name: "web" });
  assert.deepEqual(portOf("9000"), { port: 9000, name: undefined });
  assert.deepEqual(portOf("8080"), { port: 8080, name: "web" });
  assert.equal(portOf("web"), undefined);
  assert.equal(podTraits({}, [{ ports: null }]).appPort, undefined);
});
