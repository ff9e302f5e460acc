import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";
import { MESH_SIGNER } from "#kube/certificate-signing-request.ts";
import { baseObject, kustomization, type Manifest, readYaml } from "./manifest-files.ts";
import { containerOf, extenderSettings, proxySettings, type Workload } from "./workload.ts";

const COMPONENT = "components/identity";
const FILES = ["authority.yaml", "signer-rbac.yaml", "proxy-rbac.yaml"] as const;
const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");
const proxy = baseObject<Workload>("DaemonSet", "berth-proxy");

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Patch {
  readonly target: { readonly kind: string; readonly name: string };
  readonly patch: string;
}

const component = readYaml(`${COMPONENT}/kustomization.yaml`) as {
  readonly resources: readonly string[];
  readonly patches: readonly Patch[];
};
const objects = FILES.flatMap((file) =>
  parseAllDocuments(
    readFileSync(new URL(`../../manifests/${COMPONENT}/${file}`, import.meta.url), "utf8"),
  ).map(
    (document) => document.toJS() as Manifest & { readonly rules?: readonly Rule[]; readonly data?: object },
  ),
);

function object(kind: string, name: string): (typeof objects)[number] {
  const found = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name}`);
  return found;
}

function rightsOf(name: string): readonly string[] {
  return objects
    .filter(({ metadata }) => metadata.name === name)
    .flatMap(({ rules = [] }) => rules)
    .flatMap(({ resources, resourceNames = [], verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} ${resourceNames}`.trim())),
    );
}

function argumentsOf(workload: Workload): readonly string[] {
  const { kind, metadata } = workload;
  const patches = component.patches.filter(
    ({ target }) => target.kind === kind && target.name === metadata.name,
  );
  return [
    ...containerOf(workload).args,
    ...patches.flatMap(({ patch }) =>
      (parse(patch) as readonly { value: string }[]).map(({ value }) => value),
    ),
  ];
}

test("the overlay is the base and the component, and the component's files are all listed", () => {
  const overlay = readYaml("overlays/identity/kustomization.yaml") as { components: readonly string[] };
  assert.deepEqual(kustomization("overlays/identity").resources, ["../../base"]);
  assert.deepEqual(overlay.components, ["../../components/identity"]);
  assert.deepEqual(component.resources, FILES);
});

test("the base certifies nobody; with the component the extender keeps the authority and the roots that are there", () => {
  const container = containerOf(extender);
  assert.equal(extenderSettings(container).meshAuthoritySecret, undefined);
  const settings = extenderSettings({ ...container, args: argumentsOf(extender) });
  for (const { data } of [
    object("Secret", settings.meshAuthoritySecret ?? ""),
    object("ConfigMap", settings.meshRoots),
  ])
    assert.equal(data, undefined, "applying it again must not empty what stands there");
  assert.equal(settings.proxyServiceAccount, proxy.spec.template.spec.serviceAccountName);
});

test("a proxy of the base has no identities; with the component it uses those of the signer's trust domain and its roots", () => {
  const container = containerOf(proxy);
  assert.equal(proxySettings(container).identity, "off");
  const settings = proxySettings({ ...container, args: argumentsOf(proxy) });
  const signer = extenderSettings({ ...containerOf(extender), args: argumentsOf(extender) });
  assert.equal(settings.identity, "use");
  assert.equal(settings.trustDomain, signer.trustDomain);
  assert.deepEqual(settings.meshRoots, { namespace: signer.leaseNamespace, name: signer.meshRoots });
});

test("the signer may answer requests of its own signer, and read no other Secret than the authority", () => {
  assert.deepEqual(rightsOf("berth-scheduler-extender-signer"), [
    "list certificatesigningrequests",
    "watch certificatesigningrequests",
    "patch certificatesigningrequests/approval",
    "patch certificatesigningrequests/status",
    `approve signers ${MESH_SIGNER}`,
    `sign signers ${MESH_SIGNER}`,
    "get secrets berth-mesh-authority",
    "update secrets berth-mesh-authority",
    "get configmaps berth-mesh-roots",
    "update configmaps berth-mesh-roots",
  ]);
});

test("a proxy may ask for certificates and look at the answers and the roots, and approve nothing", () => {
  assert.deepEqual(rightsOf("berth-proxy-identity"), [
    "create certificatesigningrequests",
    "get certificatesigningrequests",
    "list configmaps berth-mesh-roots",
    "watch configmaps berth-mesh-roots",
  ]);
});
