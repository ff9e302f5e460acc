// Which pods are typical of a cluster: a sample of those that run, each as likely as any other, or all if they are few.

import { SeededRandom, shuffled } from "../seeded-random.ts";
import type { SurveyedNode, SurveyedPod } from "./surveyed-cluster.ts";

/** A share that is found with so many is right to within a few hundredths. */
export const MIX_PODS_MAX = 256;

export function podMix(nodes: readonly SurveyedNode[], seed: number): readonly SurveyedPod[] {
  const pods = nodes.flatMap((node) => node.pods);
  // Whatever nodes they are on, the same pods give the same mix: policies are compared with the same pods.
  const byUid = pods.toSorted(({ demand: a }, { demand: b }) => (a.uid < b.uid ? -1 : 1));
  return pods.length <= MIX_PODS_MAX ? byUid : shuffled(byUid, new SeededRandom(seed)).slice(0, MIX_PODS_MAX);
}
