// The chart's objects, by template file: the base's and the components', with what depends on values in its place.

import { baseFiles, component } from "./manifest-source.ts";
import {
  applyComponent,
  type ChartObject,
  inNamespaceOfRelease,
  literally,
  type Tree,
  withTexts,
} from "./patched-objects.ts";
import { Choice, expression, FromValues } from "./template-node.ts";

export interface TemplateFile {
  readonly name: string;
  readonly objects: readonly ChartObject[];
}

/** Component → the condition under which it is chosen, in the order in which their patches are applied. */
const COMPONENTS: readonly (readonly [name: string, condition: string])[] = [
  ["nominate", 'eq .Values.extender.mode "nominate"'],
  ["headroom", ".Values.headroom.enabled"],
  ["identity", ".Values.identity.enabled"],
  ["second-scheduler", ".Values.secondScheduler.enabled"],
  ["network-policy", ".Values.networkPolicy.enabled"],
  ["cert-manager", ".Values.certManager.enabled"],
  ["monitoring", ".Values.monitoring.enabled"],
  ["template-sizing", ".Values.templateSizing.enabled"],
  ["scaled-kinds", ".Values.scaledKinds.enabled"],
  ["ui", ".Values.ui.enabled"],
  ["without-proxy", "not .Values.proxy.enabled"],
];

/** In the order of the base and of its components. */
export function templateFiles(): readonly TemplateFile[] {
  const files = sourceFiles();
  const objects = files.flatMap((file) => file.objects);
  for (const [name, condition] of COMPONENTS) applyComponent(objects, component(name).patches, condition);
  for (const object of objects) object.tree = withValues(object.tree);
  return files.filter((file) => file.objects.length > 0);
}

function sourceFiles(): readonly TemplateFile[] {
  const base = baseFiles().map(({ name, objects }) => ({
    name,
    objects: objects
      // A release's namespace is made by whoever installs it.
      .filter(({ kind }) => kind !== "Namespace")
      .map((tree) => ({ tree, conditions: conditionsOf(tree) })),
  }));
  const components = COMPONENTS.flatMap(([of, condition]) =>
    component(of).files.map(({ name, objects }) => ({
      name: name.startsWith("berth-") ? name.replace("berth-", `${of}-`) : `${of}-${name}`,
      objects: objects.map((tree) => ({ tree, conditions: [condition] })),
    })),
  );
  return [...base, ...components];
}

function conditionsOf({ kind }: Tree): string[] {
  return kind === "PodDisruptionBudget" ? [".Values.podDisruptionBudget.enabled"] : [];
}

function withValues(tree: Tree): Tree {
  const changed = withTexts(tree, (text) => inNamespaceOfRelease(literally(text))) as Tree;
  const metadata = changed["metadata"] as Tree;
  const labels = { ...(metadata["labels"] as Tree), "...labels": new FromValues('include "berth.labels" .') };
  changed["metadata"] = { ...metadata, labels, annotations: annotations(metadata["annotations"]) };
  const { kind } = changed;
  if (kind === "Deployment" || kind === "DaemonSet") workload(changed);
  if (kind === "NetworkPolicy" && metadata["name"] === "berth-scheduler-extender") callers(changed);
  return changed;
}

function annotations(present: unknown): Choice {
  const more = new Choice("with .Values.annotations", new FromValues("toYaml ."));
  if (present === undefined) return more;
  if (!(present instanceof Choice)) throw new Error("an object of the base has annotations of its own");
  return new Choice(present.action, { ...(present.present as Tree), "...more": more }, more);
}

/** Name of a workload → its part of the values. */
const VALUES: Readonly<Record<string, string>> = {
  "berth-scheduler-extender": ".Values.extender",
  "berth-vpa-recommender": ".Values.recommender",
  "berth-proxy": ".Values.proxy",
  "berth-kube-scheduler": ".Values.secondScheduler",
  "berth-ui": ".Values.ui",
};

function workload(object: Tree): void {
  const values = VALUES[String((object["metadata"] as Tree)["name"])];
  if (values === undefined) throw new Error(`no values for ${JSON.stringify(object["metadata"])}`);
  const spec = object["spec"] as Tree;
  if ("replicas" in spec) spec["replicas"] = expression(`${values}.replicas`);
  if ("updateStrategy" in spec) spec["updateStrategy"] = new FromValues(`toYaml ${values}.updateStrategy`);
  const template = spec["template"] as Tree;
  const pod = template["spec"] as Tree;
  const [container] = pod["containers"] as [Tree];
  container["resources"] = new FromValues(`toYaml ${values}.resources`);
  if (values === VALUES["berth-kube-scheduler"]) {
    container["image"] = `${expression(`${values}.image.repository`)}:${expression(`${values}.image.tag`)}`;
    return;
  }
  ownImage(pod, container);
  const args = (container["args"] as unknown[]).map((each) =>
    withTexts(each, (text) =>
      text.replace(/^--headroom-pods=\d+$/, `--headroom-pods=${expression(".Values.headroom.pods")}`),
    ),
  );
  container["args"] = [...args, ...extraArguments(values)];
  for (const field of ["nodeSelector", "tolerations"])
    pod[field] = new Choice(`with ${values}.${field}`, new FromValues("toYaml ."));
  const metadata = template["metadata"] as Tree;
  metadata["labels"] = { ...(metadata["labels"] as Tree), "...more": more(`${values}.podLabels`) };
  metadata["annotations"] =
    metadata["annotations"] === undefined
      ? more(`${values}.podAnnotations`)
      : { ...(metadata["annotations"] as Tree), "...more": more(`${values}.podAnnotations`) };
}

function more(values: string): Choice {
  return new Choice(`with ${values}`, new FromValues("toYaml ."));
}

function ownImage(pod: Tree, container: Tree): void {
  container["image"] = expression('include "berth.image" .');
  container["imagePullPolicy"] = new Choice("with .Values.image.pullPolicy", expression("."));
  pod["imagePullSecrets"] = new Choice("with .Values.image.pullSecrets", new FromValues("toYaml ."));
}

function extraArguments(values: string): readonly unknown[] {
  const further = new Choice(`range ${values}.extraArgs`, expression("quote ."));
  if (values !== VALUES["berth-proxy"]) return [further];
  // Unless told otherwise a proxy takes the roots from berth-system.
  const roots = `--mesh-roots=${expression(".Release.Namespace")}/berth-mesh-roots`;
  return [new Choice('if ne .Release.Namespace "berth-system"', roots), further];
}

// The first rule of the extender's policy is the verbs' port, and open to everybody.
function callers(policy: Tree): void {
  const [verbs] = (policy["spec"] as Tree)["ingress"] as [Tree];
  const address = new Choice("range .", { ipBlock: { cidr: expression(".") } });
  const scheduler = new Choice("if $.Values.secondScheduler.enabled", {
    podSelector: { matchLabels: { "app.kubernetes.io/name": "berth-kube-scheduler" } },
  });
  verbs["from"] = new Choice("with .Values.networkPolicy.controlPlaneCidrs", [address, scheduler]);
}
