// Custom resources by their definition's schema: wrong values are refused with the name of the field, on create and on
// the status subresource; unknown fields are dropped, or refused where the client asks for strictness.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  BAD_MESH_PROFILE_STATUSES,
  BAD_MESH_PROFILES,
  type BadMeshProfile,
  MISSPELT_MESH_PROFILES,
} from "./bad-mesh-profiles.ts";
import { type Answer, MERGE_PATCH, type Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";

const GROUP_VERSION = "berth.dev/v1alpha1";

export function validationCases(api: Api): void {
  const collection = (): string => api().group(GROUP_VERSION, "meshprofiles");
  const inNamespace = ({ object }: BadMeshProfile): Wire => {
    const profile = object as Wire;
    return { ...profile, metadata: { ...profile.metadata, namespace: api().namespace } };
  };

  describe("validation", () => {
    for (const profile of BAD_MESH_PROFILES) {
      test(`a MeshProfile with ${profile.what} is refused, naming ${profile.names}`, async () => {
        assertRefused(await api().post(collection(), inNamespace(profile)), profile.names);
      });
    }

    for (const profile of BAD_MESH_PROFILE_STATUSES) {
      test(`a status with ${profile.what} is refused, naming ${profile.names}`, async () => {
        const { status, ...object } = inNamespace(profile);
        const path = `${collection()}/${object.metadata.name}`;
        assert.equal((await api().post(collection(), { ...object, spec: {} })).code, 201);
        assertRefused(await api().patch(`${path}/status`, MERGE_PATCH, { status }), profile.names);
        await api().delete(path);
      });
    }

    for (const profile of MISSPELT_MESH_PROFILES) {
      test(`a MeshProfile with ${profile.what} is refused under strict validation and else loses it`, async () => {
        const object = inNamespace(profile);
        assertRefused(await api().post(`${collection()}?fieldValidation=Strict`, object), profile.names);
        const { code, body } = await api().post(collection(), object);
        assert.equal(code, 201);
        const lost = profile.names.split(".").reduce<Wire>((value, key) => value?.[key], body);
        assert.equal(lost, undefined);
        await api().delete(`${collection()}/${object.metadata.name}`);
      });
    }

    test("a patch that makes a spec wrong is refused, and the object stays as it was", async () => {
      const path = `${collection()}/patched`;
      const metadata = { name: "patched", namespace: api().namespace };
      const spec = { quota: { connections: 5 } };
      await api().post(collection(), { apiVersion: GROUP_VERSION, kind: "MeshProfile", metadata, spec });
      const patch = { spec: { quota: { connections: -5 } } };
      assertRefused(await api().patch(path, MERGE_PATCH, patch), "spec.quota.connections");
      assert.deepEqual((await api().get(path)).body.spec, spec);
    });
  });
}

function assertRefused({ code, body }: Answer, field: string): void {
  assert.ok(code === 422 || code === 400, `${code}: ${body.message}`);
  assert.ok(body.message.includes(field), `"${body.message}" names ${field}`);
}
