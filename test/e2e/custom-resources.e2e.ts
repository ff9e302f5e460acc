// What the generated definition refuses, said by the real API server: every message names the field.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KubeApiError } from "#kube/api-error.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import {
  BAD_MESH_PROFILES,
  BAD_MESH_PROFILE_STATUSES,
  MISSPELT_MESH_PROFILES,
} from "#test/contract/bad-mesh-profiles.ts";
import { RealCluster } from "./real-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const PROFILES = resourcePath({ ...MESH_PROFILES, namespace: "default" });

let cluster: RealCluster;

before(async () => {
  cluster = await RealCluster.start(tools);
});

after(() => cluster.stop());

for (const { what, object, names } of BAD_MESH_PROFILES) {
  test(`a MeshProfile with ${what} is refused, naming ${names}`, async () => {
    await assert.rejects(cluster.connection.create(PROFILES, object), refusal(names));
  });
}

for (const { what, object, names } of BAD_MESH_PROFILE_STATUSES) {
  test(`a status with ${what} is refused, naming ${names}`, async () => {
    const { metadata, status } = object as { metadata: { name: string }; status: object };
    const path = `${PROFILES}/${metadata.name}`;
    const profile = { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", metadata, spec: {} };
    await cluster.connection.create(PROFILES, profile);
    const writing = cluster.connection.patch(`${path}/status`, { status }, { type: "merge" });
    await assert.rejects(writing, refusal(names));
    await cluster.connection.delete(path);
  });
}

for (const { what, object, names } of MISSPELT_MESH_PROFILES) {
  test(`a MeshProfile with ${what} is refused under strict validation, naming ${names}`, async () => {
    const strict = { fieldValidation: "Strict" };
    await assert.rejects(cluster.connection.create(PROFILES, object, strict), refusal(names));
  });
}

function refusal(names: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.ok(error.status === 422 || error.status === 400, `status ${error.status}`);
    assert.ok(error.message.includes(names), `"${error.message}" names ${names}`);
    return true;
  };
}
