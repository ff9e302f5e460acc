// What the pods of one template share, kept once however many pods have it: the labels of 100,000 pods would otherwise
// be the largest part of a view of the cluster.

import type { Labels } from "#model/app.ts";
import { appPort, type DeclaredPorts } from "#model/app-port.ts";
import type { PodTraits } from "#model/cluster-view.ts";

interface TraitsMetadata {
  readonly labels?: Labels;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Labels that controllers give each pod, or each generation of pods, for its own. A Service that selects by one of them
 * selects a part of an app, so it is none that the mesh stands for.
 */
const OWN_LABELS: ReadonlySet<string> = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "pod-template-generation",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-completion-index",
  "job-name",
  "controller-uid",
]);

/** Templates in use at once, far above the apps of one cluster; beyond, the oldest are kept once more. */
const TRAITS_KEPT_MAX = 20_000;
const kept = new Map<string, PodTraits>();

export function podTraits(
  { labels = {}, annotations }: TraitsMetadata,
  containers: readonly DeclaredPorts[],
): PodTraits {
  const own = Object.entries(labels).filter(([name]) => !OWN_LABELS.has(name));
  const port = appPort(annotations, containers);
  const key = JSON.stringify([port?.port, port?.name, own]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const traits = { key, labels: Object.fromEntries(own), appPort: port };
  if (kept.size >= TRAITS_KEPT_MAX) {
    const [oldest = ""] = kept.keys();
    kept.delete(oldest);
  }
  kept.set(key, traits);
  return traits;
}
