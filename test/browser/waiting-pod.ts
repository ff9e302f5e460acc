// A pod that waits for a node, made and taken away again at the fleet's API as kubectl would.

import assert from "node:assert/strict";

export interface WantedPod {
  readonly name: string;
  readonly cpu: string;
}

const PODS = "/api/v1/namespaces/shop/pods";

/** Of the mesh's app shop/large; it is placed at once if there is room. */
export async function createPod(api: string, { name, cpu }: WantedPod): Promise<void> {
  const labels = { "berth.dev/app": "large", "berth.dev/mesh": "enabled" };
  const resources = { requests: { cpu, memory: "1Gi" } };
  const containers = [{ name: "app", image: "example/app", resources }];
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { containers } };
  const response = await fetch(api + PODS, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(pod),
  });
  assert.equal(response.status, 201, await response.text());
}

export async function deletePod(api: string, name: string): Promise<void> {
  const response = await fetch(`${api}${PODS}/${name}`, {
    method: "DELETE",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ gracePeriodSeconds: 0 }),
  });
  assert.ok(response.ok, await response.text());
}
