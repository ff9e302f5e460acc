import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import {
  BAD_MESH_PROFILES,
  BAD_MESH_PROFILE_STATUSES,
  MISSPELT_MESH_PROFILES,
} from "#test/contract/bad-mesh-profiles.ts";
import { CRD_FOLDER, crdFiles } from "./crd-files.ts";
import { MESH_PROFILE_CRD, MESH_PROFILE_SCHEMA } from "./mesh-profile-crd.ts";
import { NODE_PROXY_AUTOSCALER_SCHEMA } from "./node-proxy-autoscaler-crd.ts";
import { schemaRefusals } from "./schema-refusals.ts";
import { structuralFaults } from "./structural-faults.ts";
import type { StructuralSchema } from "./structural-schema.ts";

// What only the rules in CEL see.
const BY_RULE = new Set([
  "more CPU than is counted exactly",
  "more memory than is counted exactly",
  "a burst above no rate",
  "a queue for no concurrency",
  "a wait in no queue",
  "less CPU than an instance measures itself with",
  "a cap on memory below what a bare instance has",
  "a cap on CPU below what a bare instance has",
  "a bandwidth of a few bytes",
  "a name that no label can have",
  "one port for both directions",
  "callers that are named, and everybody else as well",
]);

test("manifests/crds is what the schemas say", () => {
  for (const [name, text] of crdFiles()) {
    const url = new URL(name, CRD_FOLDER);
    const written = existsSync(url) ? readFileSync(url, "utf8") : "";
    assert.ok(written === text, `manifests/crds/${name} is out of date; run npm run crds`);
  }
  // The one file there that is written by hand.
  const written = readdirSync(CRD_FOLDER).filter((name) => name !== "kustomization.yaml");
  assert.deepEqual(written.sort(), [...crdFiles().keys()].sort());
});

test("the files are the same however often they are made", () => {
  assert.deepEqual(crdFiles(), crdFiles());
});

test("the schema is structural, and describes every field", () => {
  assert.deepEqual(structuralFaults(MESH_PROFILE_SCHEMA), []);
  assert.deepEqual(structuralFaults(NODE_PROXY_AUTOSCALER_SCHEMA), []);
});

test("what is not structural is found, where it stands", () => {
  const text = { type: "string", description: "Text." };
  const object = { type: "object", description: "A part." };
  for (const [schema, fault] of [
    [{ description: "A part." }, "schema has no type."],
    [{ type: "object" }, "schema has no description."],
    [{ ...object, properties: { a: { $ref: "#/a", ...text } } }, "schema.a has $ref."],
    [{ ...object, properties: { a: text }, additionalProperties: false }, "schema has additionalProperties."],
    [{ ...object, properties: { a: { ...text, oneOf: [{ type: "string" }] } } }, "schema.a has oneOf."],
    [{ ...object, required: ["b"] }, "schema requires b, which it does not define."],
    [{ ...text, type: ["string", "null"] }, "schema has no type."],
    [{ ...text, nullable: true }, "schema has nullable."],
    [{ ...text, "x-kubernetes-validations": [] }, "schema has a rule and no maxLength."],
    [{ ...text, type: "array", items: text }, "schema has no maxItems."],
    [
      { ...text, type: "array", items: object, maxItems: 1, "x-kubernetes-list-type": "map" },
      "schema is a map without keys.",
    ],
    [
      { type: "array", items: { ...object, properties: { a: text } }, ...keyedBy("a") },
      "schema has items without their key a.",
    ],
    [{ type: "array", items: text, "x-kubernetes-list-map-keys": ["a"] }, "schema has keys and is no map."],
    [{ ...text, type: "number", exclusiveMinimum: 0 }, "schema has an exclusiveMinimum that is a number."],
  ] as const) {
    assert.ok(
      structuralFaults(schema).includes(fault),
      `${fault} not in ${structuralFaults(schema).join(" ")}`,
    );
  }
});

function keyedBy(key: string): object {
  return { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] };
}

test("a profile with every field is accepted by schema and decoder, and so is one that says nothing", () => {
  const metadata = { name: "a".repeat(63), namespace: "shop" };
  const resources = { cpu: "1.5", memory: "1.5Gi" };
  const spec = {
    cost: {
      base: resources,
      perPod: { cpu: "5m", memory: ".5e6" },
      perConnection: { cpu: "100u", memory: "16Ki" },
      perKiloRps: resources,
      connectionsPerPod: 12.5,
      requestsPerSecondPerPod: 0,
    },
    quota: {
      cpu: "1500m",
      memory: "2Gi",
      connections: 1,
      fileDescriptors: 8,
      requestsPerSecond: 0.5,
      burst: 20,
      concurrency: 2 ** 31 - 1,
      queue: 5,
      queueMilliseconds: 200,
      receivedBytesPerSecond: "10Mi",
      sentBytesPerSecond: "1e8",
    },
    isolation: "process",
    observation: { accessLog: { sampleRatio: 0 }, traces: { sampleRatio: 1 } },
    tcpPorts: [
      { listenPort: 1_024, podPort: 1 },
      { listenPort: 19_999, podPort: 65_535 },
    ],
    placement: { maxPodsPerNode: 8 },
    rollout: {
      maxNodes: 100,
      maxNodesPercent: 25,
      pauseSeconds: 0,
      maxErrorPercent: 0.5,
      minRequests: 1,
      maxRestarts: 2,
      withoutTraffic: "Wait",
      paused: true,
    },
  };
  const condition = { status: "True", lastTransitionTime: "2030-01-31T12:00:00Z", reason: "Ok" };
  const status = {
    ports: { inbound: 1, outbound: 65_535 },
    release: {
      phase: "Paused",
      settled: { version: 1, config: { quota: { requestsPerSecond: 5 }, isolation: "process" } },
      target: { version: 2, config: {} },
      firstNode: "node-1",
      firstNodesTried: 1,
      reach: 2 ** 32,
      previous: [{ version: 0, config: {} }],
      reason: "AskedFor",
      message: "",
      nodes: { total: 3, updated: 1, proven: 0 },
    },
    conditions: [
      { ...condition, type: "PortsAllocated", observedGeneration: 3, message: "inbound 1, outbound 65535" },
      { ...condition, type: "example.com/Audited", status: "Unknown", message: "" },
    ],
  };
  for (const object of [{ metadata, spec, status }, { metadata, spec: {}, status: {} }, { metadata }]) {
    assert.deepEqual(schemaRefusals(MESH_PROFILE_SCHEMA, object), []);
    decodeMeshProfile(object);
  }
});

for (const { what, object, names } of [...BAD_MESH_PROFILES, ...BAD_MESH_PROFILE_STATUSES]) {
  test(`${what} is refused with the name of the field`, () => {
    assert.throws(
      () => decodeMeshProfile(object),
      (error) => error instanceof DecodeError && error.message.includes(names),
    );
    const refusals = schemaRefusals(MESH_PROFILE_SCHEMA, object);
    if (BY_RULE.has(what)) {
      assert.deepEqual(refusals, []);
      assert.ok(hasRuleFor(names), `no rule at ${names}`);
    } else {
      assert.equal(refusals.length, 1);
      assert.ok(refusals[0]?.startsWith(`${names}: `), refusals[0]);
    }
  });
}

for (const { what, object, names } of MISSPELT_MESH_PROFILES) {
  test(`${what} is unknown to the schema, so that strict validation refuses it, and to the decoder`, () => {
    assert.deepEqual(schemaRefusals(MESH_PROFILE_SCHEMA, object), [`${names}: is unknown`]);
    assert.throws(() => decodeMeshProfile(object), DecodeError);
  });
}

test("whatever quantity the API server stores, the decoder can read", () => {
  const pattern =
    MESH_PROFILE_SCHEMA.properties?.["spec"]?.properties?.["quota"]?.properties?.["memory"]?.pattern;
  assert.ok(pattern);
  // The maxima stand in rules; these are all below them, 7.999Ti cores too.
  const suffixes = ["", ..."numkMGT", "Ki", "Mi", "Gi", "Ti", "e3", "E-39", "e+9"];
  for (const mantissa of ["0", "7", "1.", ".5", "0.125", "7.999"]) {
    for (const text of suffixes.map((suffix) => mantissa + suffix)) {
      assert.match(text, new RegExp(pattern));
      assert.ok(parseMemoryBytes(text) >= 0 && parseCpuMilli(text) >= 0);
    }
  }
  for (const text of ["+1", "-1", "1e40", "1 Mi", "1mi", "", ".", "1e", "1K", "Mi", "1Mi\n", "NaN", "0x1"]) {
    assert.doesNotMatch(text, new RegExp(pattern), text);
  }
  assert.doesNotThrow(() => [parseCpuMilli("9T"), parseMemoryBytes("9P")]);
});

test("profiles are listed with their ports, limits and age, and status is a subresource", () => {
  const [version] = MESH_PROFILE_CRD.spec.versions;
  assert.deepEqual(version?.subresources, { status: {} });
  for (const { jsonPath } of version?.additionalPrinterColumns ?? []) {
    const path = jsonPath.slice(1).replace(/\[\?\(@\.type=="\w+"\)\]/, "[]");
    assert.ok(path.startsWith("metadata.") || schemaAt(path) !== undefined, jsonPath);
  }
});

function hasRuleFor(path: string): boolean {
  const parent = path.slice(0, path.lastIndexOf("."));
  const field = path.slice(path.lastIndexOf("."));
  const atField = schemaAt(path)?.["x-kubernetes-validations"] ?? [];
  const atParent = schemaAt(parent)?.["x-kubernetes-validations"] ?? [];
  const atRoot = MESH_PROFILE_SCHEMA["x-kubernetes-validations"] ?? [];
  return (
    atField.length > 0 ||
    atParent.some(({ fieldPath }) => fieldPath === field) ||
    atRoot.some(({ message }) => message.includes(path))
  );
}

/** `a.b` is field b of a, `a[]` stands for the items of list a. */
function schemaAt(path: string): StructuralSchema | undefined {
  return path
    .replaceAll("[]", ".[]")
    .split(".")
    .reduce<StructuralSchema | undefined>(
      (schema, name) => (name === "[]" ? schema?.items : schema?.properties?.[name]),
      MESH_PROFILE_SCHEMA,
    );
}
