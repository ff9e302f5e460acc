// How soon pods start is an input: what the scenario says of it, times the pods that were placed. Nothing is claimed of it
// without that input.

export interface PodStart {
  /** From a pod's placement until it serves, with a sidecar in it, and with a proxy on its node. */
  readonly sidecarSeconds: number;
  readonly nodeProxySeconds: number;
}

export interface PodStartResult {
  /** Where the figures come from: the scenario's two times and nothing else. */
  readonly basis: "given";
  readonly podsStarted: number;
  readonly secondsSavedPerPod: number;
  readonly secondsSaved: number;
}

/** Against the same pods with a sidecar each. */
export function podStartSaved(
  { sidecarSeconds, nodeProxySeconds }: PodStart,
  podsStarted: number,
): PodStartResult {
  const secondsSavedPerPod = sidecarSeconds - nodeProxySeconds;
  return { basis: "given", podsStarted, secondsSavedPerPod, secondsSaved: podsStarted * secondsSavedPerPod };
}
