// What the manifests say of each workload that the chart's values can say otherwise.

import { baseFiles, component, type SourceFile } from "./manifest-source.ts";
import type { ManifestDefaults, WorkloadDefaults } from "./chart-values.ts";
import type { Tree } from "./patched-objects.ts";

interface Workload {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly updateStrategy?: Tree;
    readonly template: {
      readonly spec: {
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly tolerations?: readonly Tree[];
        readonly containers: readonly [{ readonly image: string; readonly resources: Tree }];
      };
    };
  };
}

export function manifestDefaults(): ManifestDefaults {
  const base = baseFiles();
  const proxy = workload(base, "DaemonSet", "berth-proxy");
  return {
    extender: defaultsOf(workload(base, "Deployment", "berth-scheduler-extender")),
    recommender: defaultsOf(workload(base, "Deployment", "berth-vpa-recommender")),
    proxy: { ...defaultsOf(proxy), updateStrategy: proxy.spec.updateStrategy ?? {} },
    scheduler: defaultsOf(
      workload(component("second-scheduler").files, "Deployment", "berth-kube-scheduler"),
    ),
    ui: defaultsOf(workload(component("ui").files, "Deployment", "berth-ui")),
    headroomPods: headroomPods(),
  };
}

function workload(files: readonly SourceFile[], kind: string, name: string): Workload {
  const found = files
    .flatMap(({ objects }) => objects)
    .find((object) => object["kind"] === kind && (object["metadata"] as Tree)["name"] === name);
  if (found === undefined) throw new Error(`the manifests have no ${kind} ${name}`);
  return found as unknown as Workload;
}

function defaultsOf({ spec }: Workload): WorkloadDefaults {
  const { nodeSelector = {}, tolerations = [], containers } = spec.template.spec;
  const [{ image, resources }] = containers;
  const colon = image.lastIndexOf(":");
  const parts = [image.slice(0, colon), image.slice(colon + 1)] as const;
  return { replicas: spec.replicas ?? 1, resources, nodeSelector, tolerations, image: parts };
}

function headroomPods(): number {
  const [count] = /(?<=--headroom-pods=)\d+/.exec(JSON.stringify(component("headroom").patches)) ?? [];
  if (count === undefined) throw new Error("components/headroom does not say how many pods");
  return Number(count);
}
