// Makes a real API server serve MeshProfiles, by the definition that is installed in clusters.

import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { parse } from "yaml";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";

const CRD_FILE = new URL("../../manifests/crds/berth.dev_meshprofiles.yaml", import.meta.url);
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SERVED_MS_MAX = 60_000;
const POLL_MS = 100;

/**
 * @throws KubeApiError if the definition is refused; Error if it is not served in time.
 */
export async function serveMeshProfiles(connection: KubeConnection): Promise<void> {
  await connection.create(CRDS, parse(readFileSync(CRD_FILE, "utf8")));
  const deadlineMs = Date.now() + SERVED_MS_MAX;
  while (!(await isServed(connection))) {
    if (Date.now() > deadlineMs) throw new Error("MeshProfiles are not served");
    await setTimeout(POLL_MS);
  }
}

async function isServed(connection: KubeConnection): Promise<boolean> {
  try {
    await connection.get(resourcePath(MESH_PROFILES));
    return true;
  } catch (error) {
    // First it is not found, then for a moment its storage is being made ready.
    if (error instanceof KubeApiError) return false;
    throw error;
  }
}
