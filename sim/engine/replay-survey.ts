// Surveys a run's cluster at the end of the second in which most of the trace's pods are there, which the trace tells
// beforehand. Pods that come on top are tried on a copy of the cluster, under the run's own policy.

import { assert } from "#model/assert.ts";
import type { PodUid } from "#model/brand.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { SeededRandom } from "../seeded-random.ts";
import { type Survey, surveyOf } from "../survey/survey.ts";
import type { SurveyedCluster, SurveyedNode, SurveyedPod } from "../survey/surveyed-cluster.ts";
import type { TracePods } from "../traces/trace.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import type { PodSlots } from "./pod-slots.ts";
import { ProxySizing } from "./proxy-sizing.ts";
import { type ClusterOptions, ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

export interface ReplaySurveyOptions {
  readonly pods: TracePods;
  readonly cluster: ReplayCluster;
  readonly slots: PodSlots;
  readonly policy: PlacementPolicy;
  readonly like: ClusterOptions;
  readonly podsPerNodeMax: number;
  readonly seed: number;
  /** As many nodes come as it takes. */
  readonly grows: boolean;
}

export class ReplaySurvey {
  readonly #options: ReplaySurveyOptions;
  readonly #atSeconds: number | undefined;
  #survey: Survey | undefined;

  constructor(options: ReplaySurveyOptions) {
    this.#options = options;
    this.#atSeconds = busiestSecond(options.pods);
  }

  /** Undefined before its moment. */
  get result(): Survey | undefined {
    return this.#survey;
  }

  secondEnded(atSeconds: number): void {
    if (atSeconds !== this.#atSeconds) return;
    const { grows, seed, slots } = this.#options;
    const pods = slots.running();
    this.#survey = surveyOf(this.#surveyed(pods), { seed, ...(!grows && { more: () => this.#more(pods) }) });
  }

  #surveyed(pods: readonly ReplayPod[]): SurveyedCluster {
    const { cluster } = this.#options;
    const isShared = cluster.mesh.kind === "nodeProxy";
    const byNode = Map.groupBy(pods, ({ nodeName }) => nodeName);
    const nodes: SurveyedNode[] = [];
    let mesh: Resources = noResources;
    for (const account of cluster.ledger.nodes()) {
      const ofNode = byNode.get(account.name);
      if (ofNode === undefined) continue;
      const surveyed = ofNode.map((pod): SurveyedPod => {
        const demand = isShared ? pod : { ...pod, app: undefined };
        return { demand, app: pod.app };
      });
      nodes.push({ account, pods: surveyed });
      mesh = isShared
        ? addResources(mesh, account.counted ?? noResources)
        : ofNode.reduce((sum, { sidecar }) => addResources(sum, sidecar), mesh);
    }
    return { ledger: cluster.ledger, nodes, mesh, isShared };
  }

  #more(pods: readonly ReplayPod[]) {
    const { cluster, placer } = this.#copied(pods);
    const byUid = new Map(pods.map((pod) => [pod.uid, pod]));
    return {
      nodes: [...cluster.ledger.nodes()],
      place: ({ demand }: SurveyedPod, number: number): boolean => {
        const like = byUid.get(demand.uid);
        assert(like !== undefined, "more pods are like those that run");
        const pod = { ...like, uid: `more-${number}` as PodUid, nodeName: undefined };
        const node = placer.place(pod);
        if (node !== undefined) cluster.bind(pod, node);
        return node !== undefined;
      },
    };
  }

  #copied(pods: readonly ReplayPod[]) {
    const { cluster: original, policy, like, podsPerNodeMax, seed } = this.#options;
    const cluster = new ReplayCluster(like);
    const clock = new VirtualClock(0);
    const random = new SeededRandom(seed);
    const placer = policy.start({ cluster, clock, random: () => random.next(), podsPerNodeMax });
    cluster.observe(placer);
    cluster.observe(new ProxySizing(cluster, clock));
    for (const app of new Set(pods.map((pod) => pod.app))) cluster.appCame(app);
    for (const { name, allocatable, zone, traits } of original.ledger.nodes())
      cluster.addNode({ name, allocatable, zone, ...(traits !== undefined && { traits }) });
    for (const pod of pods) if (pod.nodeName !== undefined) cluster.bind({ ...pod }, pod.nodeName);
    return { cluster, placer };
  }
}

/** The first second at whose end most pods are there; undefined without pods. */
export function busiestSecond(pods: TracePods): number | undefined {
  const comings = new Float64Array(pods.length);
  const goings = new Float64Array(pods.length);
  let index = 0;
  for (const { createSeconds, deleteSeconds = Infinity } of pods) {
    comings[index] = createSeconds;
    goings[index++] = deleteSeconds;
  }
  comings.sort();
  goings.sort();
  let busiest: number | undefined;
  let podsMost = 0;
  let gone = 0;
  for (const [before, atSeconds] of comings.entries()) {
    if (comings[before + 1] === atSeconds) continue;
    while (gone < goings.length && (goings[gone] ?? Infinity) <= atSeconds) gone++;
    const present = before + 1 - gone;
    if (busiest !== undefined && present <= podsMost) continue;
    busiest = atSeconds;
    podsMost = present;
  }
  return busiest;
}
