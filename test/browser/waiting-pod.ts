// A pod that waits for a node, made and taken away again at the fleet's API as kubectl would.

import assert from "node:assert/strict";

export interface WantedPod {
  readonly name: string;
  readonly cpu: string;
}

const PODS = "/api/v1/namespaces/shop/pods";
const PROFILES = "/apis/berth.dev/v1alpha1/namespaces/shop/meshprofiles";
/** So much that, however little the recommender finds that nodes use of what profiles say, a node with 10m left has no room. */
const COST = { base: { cpu: "500m", memory: "200Mi" } };

/** What its pods' app costs a node. */
export async function createProfile(api: string): Promise<void> {
  const profile = { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", metadata: { name: "large" } };
  await create(api + PROFILES, { ...profile, spec: { cost: COST } });
}

/** Of the mesh's app shop/large; it is placed at once if there is room. */
export async function createPod(api: string, { name, cpu }: WantedPod): Promise<void> {
  const labels = { "berth.dev/app": "large", "berth.dev/mesh": "enabled" };
  const resources = { requests: { cpu, memory: "1Gi" } };
  const containers = [{ name: "app", image: "example/app", resources }];
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { containers } };
  await create(api + PODS, pod);
}

async function create(url: string, object: object): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(object),
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
