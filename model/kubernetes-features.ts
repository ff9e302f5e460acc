// What Berth uses of Kubernetes that came with some minor version, and what is missing without it.
//
// Versions are those of the feature gates in pkg/features/kube_features.go of Kubernetes 1.37, and of KEP-3960 for the pause,
// whose gate is gone from there: a feature works by default from its beta on, and cannot be switched off once it is stable.

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
}

export interface KubernetesFeature {
  readonly name: string;
  readonly gate: string;
  /** Minor versions of Kubernetes 1; undefined: not stable yet. */
  readonly betaMinor: number;
  readonly stableMinor: number | undefined;
  /** Whole words for a log line. */
  readonly without: string;
}

export const KUBERNETES_FEATURES = {
  resize: {
    name: "in-place resize of pods",
    gate: "InPlacePodVerticalScaling",
    betaMinor: 33,
    stableMinor: 35,
    without:
      "node proxies are not resized: their sizes are only recommended, in annotations, and set in the DaemonSet's template where components/template-sizing is applied",
  },
  gates: {
    name: "scheduling gates",
    gate: "PodSchedulingReadiness",
    betaMinor: 27,
    stableMinor: 30,
    without: "nominate mode cannot hold pods back",
  },
  nominations: {
    name: "nominations as expectations",
    gate: "NominatedNodeNameForExpectation",
    betaMinor: 35,
    stableMinor: undefined,
    without:
      "kube-scheduler tries a nominated node first, but may take Berth's nomination back where a pod does not fit at once; such pods are placed in score mode",
  },
  pause: {
    name: "a pause before containers stop",
    gate: "PodLifecycleSleepAction",
    betaMinor: 30,
    stableMinor: 34,
    without: "the API server would refuse injected pods for their pause",
  },
  tokens: {
    name: "the node's name in pods' tokens",
    gate: "ServiceAccountTokenPodNodeInfo",
    betaMinor: 30,
    stableMinor: 32,
    without: "no node proxy is certified, since its token does not say on which node it is",
  },
} as const satisfies Readonly<Record<string, KubernetesFeature>>;

export type KubernetesFeatureName = keyof typeof KUBERNETES_FEATURES;

/** The minor versions of Kubernetes 1 that Berth is made for, and the one that its suites run on. */
export const MINOR_OLDEST = 33;
export const MINOR_NEWEST = 37;

/** Those of `wanted` that a cluster of this version lacks. */
export function missingFeatures(
  { major, minor }: KubernetesVersion,
  wanted: readonly KubernetesFeatureName[],
): readonly KubernetesFeatureName[] {
  if (major > 1) return [];
  return wanted.filter((name) => minor < KUBERNETES_FEATURES[name].betaMinor);
}

export type FeatureStage = "missing" | "beta" | "stable";

export function featureStage(name: KubernetesFeatureName, minor: number): FeatureStage {
  const { betaMinor, stableMinor }: KubernetesFeature = KUBERNETES_FEATURES[name];
  if (minor < betaMinor) return "missing";
  return stableMinor !== undefined && minor >= stableMinor ? "stable" : "beta";
}
