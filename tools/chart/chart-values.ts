// The chart's values: one schema for values.yaml, its comments and values.schema.json. Defaults that are manifests' come
// from these, so that neither can go its own way.

import { z } from "zod";
import type { Tree } from "./patched-objects.ts";

/** The parts of the manifests that are defaults. */
export interface ManifestDefaults {
  readonly extender: WorkloadDefaults;
  readonly recommender: WorkloadDefaults;
  readonly proxy: WorkloadDefaults & { readonly updateStrategy: Tree };
  readonly scheduler: WorkloadDefaults;
  readonly ui: WorkloadDefaults;
  readonly headroomPods: number;
}

export interface WorkloadDefaults {
  readonly replicas: number;
  readonly resources: Tree;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Tree[];
  /** Repository and tag. */
  readonly image: readonly [string, string];
}

const words = z.record(z.string(), z.string());
const amounts = z.record(z.string(), z.union([z.string(), z.number()]));
const resources = z.strictObject({ requests: amounts.optional(), limits: amounts.optional() });
const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int().optional(),
});
const amount = z.union([z.int(), z.string()]);
const updateStrategy = z.strictObject({
  type: z.enum(["RollingUpdate", "OnDelete"]),
  rollingUpdate: z
    .strictObject({ maxUnavailable: amount.optional(), maxSurge: amount.optional() })
    .optional(),
});
const switchedOff = (description: string) =>
  z.strictObject({ enabled: z.boolean().default(false).describe(description) }).prefault({});

/** @throws ZodError if the manifests have what the schema does not allow. */
export function chartValues(defaults: ManifestDefaults) {
  const { extender, recommender, proxy, scheduler, ui, headroomPods } = defaults;
  return z.strictObject({
    image: imageValues("berth"),
    labels: words.default({}).describe("Further labels of every object, not of pods"),
    annotations: words.default({}).describe("Annotations of every object, not of pods"),
    extender: extenderValues(extender),
    recommender: recommenderValues(recommender),
    proxy: proxyValues(proxy),
    identity: switchedOff(
      "Certificates for apps and mutual TLS between proxies. A mesh that runs already takes two steps, see manifests/README.md",
    ),
    headroom: headroomValues(headroomPods),
    secondScheduler: schedulerValues(scheduler),
    podDisruptionBudget: z
      .strictObject({
        enabled: z.boolean().default(true).describe("Drains take the extender's replicas one by one"),
      })
      .prefault({}),
    networkPolicy: networkPolicyValues(),
    certManager: switchedOff("The extender's certificate by cert-manager, which is installed already"),
    monitoring: switchedOff("What to scrape, alerts and dashboards, for prometheus-operator and Grafana"),
    templateSizing: switchedOff(
      "For clusters without in-place resize. It takes the right to change DaemonSets of the release's namespace",
    ),
    scaledKinds: switchedOff(
      "VerticalPodAutoscalers of kinds other than apps/v1. It takes the right to read every scale",
    ),
    ui: uiValues(ui),
    global: z.looseObject({}).optional().describe("Helm's own, where this chart is a part of another"),
  });
}

const replicas = (fallback: number) => z.int().min(0).max(REPLICAS_MAX).default(fallback);
/** More than one only stand by. */
const REPLICAS_MAX = 5;

function extenderValues(extender: WorkloadDefaults) {
  return z
    .strictObject({
      mode: z
        .enum(["score", "nominate"])
        .default("score")
        .describe(
          "nominate: Berth chooses the node first. It takes the right to patch pods in all namespaces",
        ),
      replicas: replicas(extender.replicas).describe("One answers, the others are ready to"),
      ...workloadValues(extender, "scheduler-extender"),
    })
    .prefault({});
}

function recommenderValues(recommender: WorkloadDefaults) {
  return z
    .strictObject({
      replicas: replicas(recommender.replicas).describe("One acts, others stand by"),
      ...workloadValues(recommender, "vpa-recommender"),
    })
    .prefault({});
}

function proxyValues(proxy: ManifestDefaults["proxy"]) {
  return z
    .strictObject({
      enabled: z.boolean().default(true).describe("false: bring your own node proxy"),
      updateStrategy: updateStrategy
        .default(updateStrategy.parse(proxy.updateStrategy))
        .describe("By default the new proxy starts beside the old one, node by node"),
      ...workloadValues(proxy, "proxy"),
    })
    .prefault({});
}

function uiValues(ui: WorkloadDefaults) {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe("The web UI, for namespaces labelled berth.dev/ui=enabled. It asks nobody who they are"),
      replicas: replicas(ui.replicas).describe("It keeps no state"),
      ...workloadValues(ui, "ui"),
    })
    .prefault({});
}

function headroomValues(pods: number) {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe(
          "Pods that show autoscalers what mesh pods miss. It takes the right to make and delete pods",
        ),
      pods: z.int().min(1).max(1_000).default(pods).describe("How many at once"),
    })
    .prefault({});
}

function schedulerValues(scheduler: WorkloadDefaults) {
  const [repository, tag] = scheduler.image;
  const image = z.strictObject({
    repository: z.string().min(1).default(repository).describe("Upstream's image"),
    tag: z.string().min(1).default(tag).describe("Of the cluster's minor version, no other"),
  });
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe("A kube-scheduler for mesh pods, for managed control planes"),
      replicas: replicas(scheduler.replicas).describe("One schedules, others stand by"),
      image: image.prefault({}),
      resources: resources.default(resources.parse(scheduler.resources)).describe("What it asks for"),
    })
    .prefault({});
}

function networkPolicyValues() {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe("Who may reach Berth's pods, see docs/guides/network-policies.md"),
      controlPlaneCidrs: z
        .array(z.string())
        .default([])
        .describe(
          "Addresses of the control plane's nodes, which alone may call verbs and webhooks; empty: everybody",
        ),
    })
    .prefault({});
}

function imageValues(repository: string) {
  return z
    .strictObject({
      repository: z.string().min(1).default(repository).describe("Where the image is, without its tag"),
      tag: z.string().default("").describe("Empty: the chart's version of Berth"),
      digest: z.string().default("").describe("sha256:…, counts instead of the tag"),
      pullPolicy: z
        .enum(["", "Always", "IfNotPresent", "Never"])
        .default("")
        .describe("Empty: as Kubernetes decides by the tag"),
      pullSecrets: z
        .array(z.strictObject({ name: z.string() }))
        .default([])
        .describe("[{name: …}]"),
    })
    .prefault({});
}

function workloadValues(
  { resources: requests, nodeSelector, tolerations }: WorkloadDefaults,
  component: string,
) {
  return {
    resources: resources.default(resources.parse(requests)).describe("What its container asks for"),
    extraArgs: z
      .array(z.string())
      .default([])
      .describe(`Further flags of berth ${component}, see docs/reference/cli.md`),
    nodeSelector: words.default({ ...nodeSelector }).describe("Labels of the nodes that it may run on"),
    tolerations: z
      .array(toleration)
      .default(tolerations.map((each) => toleration.parse(each)))
      .describe("Taints that it tolerates"),
    podLabels: words.default({}).describe("Further labels of its pods"),
    podAnnotations: words.default({}).describe("Further annotations of its pods"),
  };
}
