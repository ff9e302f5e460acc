// Every component and overlay, compiled by kubectl itself, alone and together.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { builtTool } from "../e2e/tool-binaries.ts";
import { MANIFESTS, type Manifest } from "./manifest-files.ts";
import { rendered, renderedWith } from "./rendered.ts";
import { containerOf, extenderSettings, recommenderSettings, type Workload } from "./workload.ts";

const kubectl = builtTool("kubectl");
const only =
  kubectl === undefined
    ? { skip: "kubectl is not built here; npm run e2e:build does it, and the suite compiles all of them" }
    : {};
const OVERLAYS = readdirSync(new URL("overlays/", MANIFESTS));

function named(objects: readonly Manifest[]): ReadonlySet<string> {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
  assert.equal(new Set(names).size, names.length, "an object stands there twice");
  return new Set(names);
}

function find<T extends Manifest>(objects: readonly Manifest[], kind: string, name: string): T {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name}`);
  return found as T;
}

test("every overlay compiles, and all but those without the proxy keep all of the base", only, () => {
  assert.ok(kubectl !== undefined && OVERLAYS.length >= 9);
  const base = named(rendered(kubectl, "base"));
  for (const overlay of OVERLAYS) {
    const objects = named(rendered(kubectl, `overlays/${overlay}`));
    const missing = [...base].filter((name) => !objects.has(name));
    if (overlay.endsWith("without-proxy")) assert.equal(missing.length, 4, String(missing));
    else if (overlay === "cert-manager")
      assert.deepEqual(missing, ["Secret berth-system/berth-scheduler-extender-tls"]);
    else assert.deepEqual(missing, [], overlay);
  }
});

test("both modes compile with and without the proxy, each with everything else", only, () => {
  assert.ok(kubectl !== undefined);
  const others = [
    "headroom",
    "identity",
    "second-scheduler",
    "network-policy",
    "template-sizing",
    "scaled-kinds",
    "ui",
  ];
  for (const mode of [[], ["nominate"]]) {
    for (const proxy of [[], ["without-proxy"]]) {
      const objects = renderedWith(kubectl, [...mode, ...others, ...proxy]);
      const container = containerOf(find<Workload>(objects, "Deployment", "berth-scheduler-extender"));
      assert.equal(extenderSettings(container).mode, mode.length === 0 ? "score" : "nominate");
      assert.equal(named(objects).has("DaemonSet berth-system/berth-proxy"), proxy.length === 0);
    }
  }
});

test("without the proxy nothing of it is left, and the recommender asks no proxy for usage", only, () => {
  assert.ok(kubectl !== undefined);
  const objects = rendered(kubectl, "overlays/without-proxy");
  assert.deepEqual(
    objects.filter(({ metadata }) => metadata.name.startsWith("berth-proxy")),
    [],
  );
  const recommender = containerOf(find<Workload>(objects, "Deployment", "berth-vpa-recommender"));
  assert.equal(recommenderSettings(recommender).proxyUsagePort, 0);
});

interface Rule {
  readonly resources: readonly string[];
}

test(
  "with cert-manager the extender serves from mounted files, and has no right on Secrets or webhooks left",
  only,
  () => {
    assert.ok(kubectl !== undefined);
    const objects = renderedWith(kubectl, ["second-scheduler", "cert-manager"]);
    const { args } = containerOf(find<Workload>(objects, "Deployment", "berth-scheduler-extender"));
    assert.deepEqual(
      args.filter((argument) => argument.startsWith("--tls") || argument.startsWith("--webhook")),
      ["--tls-cert-file=/etc/berth/tls/tls.crt", "--tls-key-file=/etc/berth/tls/tls.key"],
    );
    const rights = ["Role", "ClusterRole"].flatMap(
      (kind) =>
        find<Manifest & { readonly rules: readonly Rule[] }>(objects, kind, "berth-scheduler-extender").rules,
    );
    for (const { resources } of rights)
      assert.ok(!resources.includes("secrets") && !resources.includes("mutatingwebhookconfigurations"));
    const secret = "berth-scheduler-extender-certificate";
    assert.equal(
      JSON.stringify(objects).split(`"secretName":"${secret}"`).length,
      4,
      "issued, served, trusted",
    );
    const webhook = find<Manifest & { metadata: { annotations: object } }>(
      objects,
      "MutatingWebhookConfiguration",
      "berth",
    );
    assert.deepEqual(webhook.metadata.annotations, {
      "cert-manager.io/inject-ca-from": "berth-system/berth-scheduler-extender",
    });
  },
);

test("the second scheduler's image is set by its name, as Berth's is", only, () => {
  assert.ok(kubectl !== undefined);
  const images = [
    { name: "registry.k8s.io/kube-scheduler", newTag: "v1.35.4" },
    { name: "berth", newName: "registry.example.com/berth" },
  ];
  const objects = renderedWith(kubectl, ["second-scheduler"], { images });
  const image = (name: string): string => containerOf(find<Workload>(objects, "Deployment", name)).image;
  assert.equal(image("berth-kube-scheduler"), "registry.k8s.io/kube-scheduler:v1.35.4");
  assert.equal(image("berth-scheduler-extender"), "registry.example.com/berth:0.1.0");
});
