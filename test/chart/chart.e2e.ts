// The chart by Helm itself: it passes Helm's own judgement, renders what kustomize makes of the same manifests, object by
// object, and refuses values that it does not know.
//
// What is not compared: the Namespace, which a release's own takes the place of, and the labels that Helm's objects carry
// beside Berth's (helm.sh/chart, app.kubernetes.io/instance and managed-by).

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { kubernetesVersion, toolBinaries } from "../e2e/tool-binaries.ts";
import type { Manifest } from "../manifests/manifest-files.ts";
import { renderedWith } from "../manifests/rendered.ts";
import { helmBinary } from "./helm-binary.ts";

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const { kubectl } = await toolBinaries(progress);
const helm = await helmBinary(progress);
const CHART = fileURLToPath(new URL("../../manifests/chart", import.meta.url));
const NAMESPACE = "berth-system";
const OF_HELM = ["helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"] as const;
const folder = mkdtempSync(join(tmpdir(), "berth-chart-"));

after(() => rmSync(folder, { recursive: true }));

function run(args: readonly string[]): {
  readonly status: number | null;
  readonly output: string;
  readonly words: string;
} {
  // A home of its own: nothing of this machine's settings or plugins.
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const { status, stdout, stderr } = spawnSync(helm, args, {
    encoding: "utf8",
    env,
    maxBuffer: 64 * 1024 ** 2,
  });
  return { status, output: stdout, words: stderr };
}

let files = 0;

function valuesFile(values: object): string {
  const file = join(folder, `values-${(files += 1)}.json`);
  writeFileSync(file, JSON.stringify(values));
  return file;
}

function template(values: object, namespace = NAMESPACE): readonly Manifest[] {
  const args = ["template", "mesh", CHART, "--include-crds", `--namespace=${namespace}`];
  const { status, output, words } = run([
    ...args,
    `--kube-version=${kubernetesVersion()}`,
    `--values=${valuesFile(values)}`,
  ]);
  assert.equal(status, 0, words);
  return parseAllDocuments(output)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

type Named = Readonly<Record<string, unknown>>;

function named(objects: readonly Manifest[]): Named {
  const entries = objects
    .filter(({ kind }) => kind !== "Namespace")
    .map(
      (object) =>
        [`${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`, object] as const,
    );
  assert.equal(new Set(entries.map(([name]) => name)).size, entries.length, "an object stands there twice");
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without Helm's labels, which every object but a custom resource's definition has to have. */
function ofBerth(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.map((object) => {
    if (object.kind === "CustomResourceDefinition") return object;
    const labels = { ...object.metadata.labels };
    for (const label of OF_HELM) {
      assert.ok(labels[label] !== undefined, `${object.kind} ${object.metadata.name} lacks ${label}`);
      delete labels[label];
    }
    return { ...object, metadata: { ...object.metadata, labels } };
  });
}

test("helm lint finds nothing, by its strict rules", () => {
  const { status, output, words } = run(["lint", "--strict", CHART]);
  assert.equal(status, 0, output + words);
});

const CHOICES: readonly (readonly [components: readonly string[], values: object])[] = [
  [[], {}],
  [["nominate"], { extender: { mode: "nominate" } }],
  [["headroom"], { headroom: { enabled: true } }],
  [["identity"], { identity: { enabled: true } }],
  [["second-scheduler"], { secondScheduler: { enabled: true } }],
  [["network-policy"], { networkPolicy: { enabled: true } }],
  [["monitoring"], { monitoring: { enabled: true } }],
  [["ui"], { ui: { enabled: true } }],
  [["without-proxy"], { proxy: { enabled: false } }],
  [
    ["template-sizing", "scaled-kinds"],
    { templateSizing: { enabled: true }, scaledKinds: { enabled: true } },
  ],
  [
    ["second-scheduler", "cert-manager"],
    { secondScheduler: { enabled: true }, certManager: { enabled: true } },
  ],
  [
    [
      "nominate",
      "headroom",
      "identity",
      "second-scheduler",
      "network-policy",
      "cert-manager",
      "without-proxy",
    ],
    {
      extender: { mode: "nominate" },
      headroom: { enabled: true },
      identity: { enabled: true },
      secondScheduler: { enabled: true },
      networkPolicy: { enabled: true },
      certManager: { enabled: true },
      proxy: { enabled: false },
    },
  ],
];

for (const [components, values] of CHOICES) {
  const what =
    components.length === 0
      ? "default values are the base"
      : `values for ${components.join(", ")} are the base with them`;
  test(`the chart with ${what}, object by object`, (t) => {
    // cert-manager's patch of a second scheduler needs one to patch.
    const ours = named(renderedWith(kubectl, components));
    assert.deepEqual(named(ofBerth(template(values))), ours);
    t.diagnostic(`${Object.keys(ours).length} objects`);
  });
}

test("values reach where they belong", () => {
  const objects = named(
    template({
      image: {
        repository: "registry.example.com/berth",
        digest: "sha256:0123",
        pullPolicy: "Always",
        pullSecrets: [{ name: "key" }],
      },
      labels: { team: "mesh" },
      annotations: { note: "ours" },
      extender: {
        replicas: 3,
        extraArgs: ["--candidates=1"],
        resources: { requests: { cpu: "1" }, limits: { memory: "1Gi" } },
      },
      proxy: {
        updateStrategy: { type: "OnDelete" },
        tolerations: [],
        podLabels: { zone: "a" },
        podAnnotations: { scrape: "yes" },
      },
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: true, controlPlaneCidrs: ["192.0.2.0/28", "2001:db8::/64"] },
      secondScheduler: { enabled: true, image: { tag: "v1.35.4" } },
      certManager: { enabled: true },
    }),
  );
  const at = (name: string, path: string): unknown =>
    path.split(".").reduce<unknown>((value, key) => (value as Named | undefined)?.[key], objects[name]);
  const extender = `Deployment ${NAMESPACE}/berth-scheduler-extender`;
  const proxy = `DaemonSet ${NAMESPACE}/berth-proxy`;
  const container = "spec.template.spec.containers.0";
  assert.equal(at(extender, `${container}.image`), "registry.example.com/berth@sha256:0123");
  assert.equal(at(extender, `${container}.imagePullPolicy`), "Always");
  assert.deepEqual(at(proxy, "spec.template.spec.imagePullSecrets"), [{ name: "key" }]);
  assert.equal(at(proxy, "metadata.labels.team"), "mesh");
  assert.equal(at(proxy, "spec.template.metadata.labels.team"), undefined);
  assert.equal(at(extender, "metadata.annotations.note"), "ours");
  assert.deepEqual(Object.keys(at("MutatingWebhookConfiguration /berth", "metadata.annotations") as object), [
    "cert-manager.io/inject-ca-from",
    "note",
  ]);
  assert.equal(at(extender, "spec.replicas"), 3);
  assert.equal((at(extender, `${container}.args`) as readonly string[]).at(-1), "--candidates=1");
  assert.deepEqual(at(extender, `${container}.resources`), {
    requests: { cpu: "1", memory: "384Mi" },
    limits: { memory: "1Gi" },
  });
  assert.equal(at(proxy, "spec.updateStrategy.type"), "OnDelete");
  assert.equal(at(proxy, "spec.template.spec.tolerations"), undefined);
  assert.equal(at(proxy, "spec.template.metadata.labels.zone"), "a");
  assert.equal(at(proxy, "spec.template.metadata.annotations.scrape"), "yes");
  assert.equal(objects[`PodDisruptionBudget ${NAMESPACE}/berth-scheduler-extender`], undefined);
  assert.deepEqual(at(`NetworkPolicy ${NAMESPACE}/berth-scheduler-extender`, "spec.ingress.0.from"), [
    { ipBlock: { cidr: "192.0.2.0/28" } },
    { ipBlock: { cidr: "2001:db8::/64" } },
    { podSelector: { matchLabels: { "app.kubernetes.io/name": "berth-kube-scheduler" } } },
  ]);
  assert.equal(
    at(`Deployment ${NAMESPACE}/berth-kube-scheduler`, `${container}.image`),
    "registry.k8s.io/kube-scheduler:v1.35.4",
  );
});

test("in another namespace nothing speaks of berth-system any more, and proxies find their roots", () => {
  const values = {
    ...Object.assign({}, ...CHOICES.map(([, each]) => each)),
    proxy: { enabled: true },
  } as object;
  const objects = template(values, "mesh").filter(({ kind }) => kind !== "CustomResourceDefinition");
  for (const object of objects)
    assert.ok(!JSON.stringify(object).includes(NAMESPACE), `${object.kind} ${object.metadata.name}`);
  assert.match(JSON.stringify(objects), /"--mesh-roots=mesh\/berth-mesh-roots"/);
});

for (const [what, values, word] of [
  ["an unknown value", { extenders: {} }, "extenders"],
  ["an unknown field", { extender: { replica: 2 } }, "replica"],
  ["a mode that there is not", { extender: { mode: "bind" } }, "mode"],
  ["a number of replicas that is none", { extender: { replicas: "two" } }, "replicas"],
] as const) {
  test(`${what} is refused by name`, () => {
    const { status, words } = run(["template", "mesh", CHART, `--values=${valuesFile(values)}`]);
    assert.notEqual(status, 0);
    assert.ok(words.includes(word), words);
  });
}

test("a cluster that is too old is refused", () => {
  const { status, words } = run(["template", "mesh", CHART, "--kube-version=v1.32.9"]);
  assert.notEqual(status, 0);
  assert.match(words, /1\.33/);
});
