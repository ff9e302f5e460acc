// Server-side apply: an app team's fields and Berth's live in one MeshProfile without taking each other's away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const APP = "ours";

export function applyCases(cluster: () => TestCluster): void {
  const path = resourcePath({ ...MESH_PROFILES, namespace: APP_NAMESPACE, name: APP });

  test("Berth gives ports to a profile that its team applied, and the team's fields stay the team's", async () => {
    await applyProfile(cluster(), "team-a", { cost: { base: { memory: "120Mi" } } });
    await cluster().apply(deployment(APP, { replicas: 1 }));
    await cluster().until(
      async () => ((await cluster().connection.get(path)) as Profile).status?.ports !== undefined,
      "ports",
    );
    const { spec, metadata } = (await cluster().connection.get(path)) as Profile;
    assert.deepEqual(spec, { cost: { base: { memory: "120Mi" } } });
    const owners = metadata.managedFields
      .filter(({ fieldsV1 }) => "f:spec" in fieldsV1)
      .map(({ manager }) => manager);
    assert.deepEqual(owners, ["team-a"]);
  });

  test("another manager's different value is a conflict that names the field and its owner", async () => {
    const applying = applyProfile(cluster(), "team-b", { cost: { base: { memory: "999Mi" } } });
    await assert.rejects(applying, (error: Error) => {
      assert.match(error.message, /conflict with "team-a"/);
      assert.match(error.message, /\.spec\.cost\.base\.memory/);
      return true;
    });
  });

  test("a team that applies its profile again does not take the ports away", async () => {
    const before = (await cluster().connection.get(path)) as Profile;
    await applyProfile(cluster(), "team-a", { cost: { base: { memory: "130Mi" } } });
    const after = (await cluster().connection.get(path)) as Profile;
    assert.deepEqual(after.status?.ports, before.status?.ports);
    assert.deepEqual(after.spec, { cost: { base: { memory: "130Mi" } } });
  });
}

interface Profile {
  readonly metadata: {
    readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly spec?: object;
  readonly status?: { readonly ports?: object };
}

async function applyProfile(cluster: TestCluster, manager: string, spec: object): Promise<void> {
  await cluster.apply(
    {
      apiVersion: "berth.dev/v1alpha1",
      kind: "MeshProfile",
      metadata: { name: APP, namespace: APP_NAMESPACE },
      spec,
    },
    "--server-side",
    `--field-manager=${manager}`,
  );
}
