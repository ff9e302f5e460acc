// The paths by which clients learn what a server serves: versions, groups, resources and health.

import type { Json, JsonObject } from "./json.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";
import { METRICS_GROUP, METRICS_VERSION } from "./pod-metrics.ts";

/** The document at a discovery path; undefined if the path is none. Health paths answer plain text. */
export function discoveryDocument(path: string, kubernetesMinor: number): JsonObject | string | undefined {
  if (HEALTH_PATHS.has(path)) return "ok";
  if (path === "/version") return versionOf(kubernetesMinor);
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") return { kind: "APIGroupList", apiVersion: "v1", groups: groups() };
  if (path === "/api/v1") return resourceList("v1", typesOf("", "v1"));
  const [, root, group = "", version, ...rest] = path.split("/");
  if (root !== "apis" || rest.length > 0) return undefined;
  if (version === undefined) {
    const found = groups().find((candidate) => candidate["name"] === group);
    return found && { kind: "APIGroup", apiVersion: "v1", ...found };
  }
  if (group === METRICS_GROUP && version === METRICS_VERSION) return METRICS_RESOURCES;
  const types = typesOf(group, version);
  return types.length === 0 ? undefined : resourceList(`${group}/${version}`, types);
}

const HEALTH_PATHS = new Set(["/healthz", "/readyz", "/livez"]);

/** In `/version`, by which this server is told from a cluster. */
export const LOOPBACK_BUILD = "berth-loopback";

/** The minor version that it imitates. */
export const KUBERNETES_MINOR = 37;

function versionOf(minor: number): JsonObject {
  return {
    major: "1",
    minor: String(minor),
    gitVersion: `v1.${minor}.2+${LOOPBACK_BUILD}`,
    platform: "loopback",
  };
}

const METRICS_RESOURCES: JsonObject = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${METRICS_GROUP}/${METRICS_VERSION}`,
  resources: [
    { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
  ],
};

function typesOf(group: string, version: string): ResourceType[] {
  return Object.values(RESOURCE_TYPES).filter((type) => type.group === group && type.version === version);
}

function groups(): JsonObject[] {
  const named = new Map<string, string>([[METRICS_GROUP, METRICS_VERSION]]);
  for (const { group, version } of Object.values(RESOURCE_TYPES)) if (group !== "") named.set(group, version);
  return [...named].map(([name, version]) => {
    const groupVersion = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [groupVersion], preferredVersion: groupVersion };
  });
}

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

function resourceList(groupVersion: string, types: readonly ResourceType[]): JsonObject {
  const resources = types.flatMap((type): Json[] => {
    const { plural, singular, kind, isNamespaced: namespaced, shortNames } = type;
    const subresource = (name: string, verbs: string[]): Json => ({
      name: `${plural}/${name}`,
      singularName: "",
      namespaced,
      kind: name === "binding" ? "Binding" : kind,
      verbs,
    });
    return [
      { name: plural, singularName: singular, namespaced, kind, verbs: VERBS, shortNames },
      ...(type.hasStatus ? [subresource("status", ["get", "patch", "update"])] : []),
      ...(plural === "pods"
        ? [subresource("binding", ["create"]), subresource("resize", ["get", "patch", "update"])]
        : []),
      ...(plural === "certificatesigningrequests"
        ? [subresource("approval", ["get", "patch", "update"])]
        : []),
    ];
  });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}
