// What a cluster looks like at one moment, beyond what its mesh takes: how much of its room is of no use, what is lost with
// a node, what the mesh has to know, and how many more pods would fit. Computed once, at the moment itself.

import { addResources, noResources } from "#model/resources.ts";
import { type BlastRadius, blastRadius } from "./blast-radius.ts";
import { type DiscoverySize, discoverySize } from "./discovery-size.ts";
import { headroom, type Headroom, type HeadroomQuestion } from "./headroom.ts";
import { podMix } from "./pod-mix.ts";
import { type StrandedRoom, strandedRoom } from "./stranded-room.ts";
import type { SurveyedCluster, SurveyedPod } from "./surveyed-cluster.ts";

export interface Survey {
  readonly nodesUsed: number;
  /** On these nodes, those outside of the mesh included. */
  readonly pods: number;
  /** Of the mesh. */
  readonly apps: number;
  readonly room: RoomShares & StrandedRoom;
  readonly mesh: MeshShares;
  readonly blast: BlastRadius;
  readonly discovery: DiscoverySize;
  /** Undefined where as many nodes come as it takes. */
  readonly headroom: Headroom | undefined;
}

/** Of what the nodes in use can allocate. */
export interface RoomShares {
  readonly strandedCpuShare: number;
  readonly strandedMemoryShare: number;
}

export interface MeshShares {
  /** What the mesh has, as a share of what the nodes in use can allocate. */
  readonly cpuShare: number;
  readonly memoryShare: number;
  /** Sidecars that a node in use would have, less the instances that it has; 0 with sidecars. */
  readonly instancesSavedPerNode: number;
}

export interface SurveyOptions {
  /** Of the mix of pods, and of the order in which more of them are drawn. */
  readonly seed: number;
  /** Undefined where there is no limit to find. */
  readonly more?: (mix: readonly SurveyedPod[]) => Pick<HeadroomQuestion, "nodes" | "place">;
}

export function surveyOf(cluster: SurveyedCluster, { seed, more }: SurveyOptions): Survey {
  const { nodes, ledger } = cluster;
  const mix = podMix(nodes, seed);
  const stranded = strandedRoom(nodes, mix, ledger);
  const size = nodes.reduce((sum, { account }) => addResources(sum, account.allocatable), noResources);
  const share = (amount: number, of: number): number => (of === 0 ? 0 : amount / of);
  return {
    nodesUsed: nodes.length,
    pods: nodes.reduce((sum, { pods }) => sum + pods.length, 0),
    apps: new Set(nodes.flatMap(({ pods }) => pods.flatMap(({ app }) => app ?? []))).size,
    room: {
      ...stranded,
      strandedCpuShare: share(stranded.strandedCpuMilli, size.cpuMilli),
      strandedMemoryShare: share(stranded.strandedMemoryBytes, size.memoryBytes),
    },
    mesh: {
      cpuShare: share(cluster.mesh.cpuMilli, size.cpuMilli),
      memoryShare: share(cluster.mesh.memoryBytes, size.memoryBytes),
      instancesSavedPerNode: share(instancesSaved(cluster), nodes.length),
    },
    blast: blastRadius(nodes),
    discovery: discoverySize(cluster),
    headroom: more && headroom({ mix, seed, ledger, ...more(mix) }),
  };
}

function instancesSaved({ nodes, isShared }: SurveyedCluster): number {
  if (!isShared) return 0;
  let saved = 0;
  for (const { pods } of nodes) {
    const apps = pods.flatMap(({ app }) => app ?? []);
    saved += apps.length - new Set(apps).size;
  }
  return saved;
}
