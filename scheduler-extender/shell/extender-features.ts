// What the extender wants of the cluster's Kubernetes, by its settings.

import type { WantedFeatures } from "#kube/cluster-version.ts";

export interface FeatureSettings {
  readonly mode: "score" | "nominate";
  readonly preStopSeconds: number;
  readonly withoutLease: boolean;
  readonly meshAuthoritySecret?: string | undefined;
}

export function extenderFeatures({
  mode,
  preStopSeconds,
  withoutLease,
  meshAuthoritySecret,
}: FeatureSettings): WantedFeatures {
  const isNominating = mode === "nominate";
  return {
    wanted: [
      ...(isNominating ? (["nominations"] as const) : []),
      ...(meshAuthoritySecret === undefined ? [] : (["tokens"] as const)),
    ],
    needed: [
      ...(isNominating ? [{ feature: "gates", remedy: "run with --mode=score" } as const] : []),
      // Beside kube-scheduler there is no webhook.
      ...(preStopSeconds > 0 && !withoutLease
        ? [{ feature: "pause", remedy: "run with --pre-stop-seconds=0" } as const]
        : []),
    ],
  };
}
