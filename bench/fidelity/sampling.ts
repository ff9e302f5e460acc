// Clusters of 100 nodes and more, where kube-scheduler by default scores a sample. Which nodes are in it is chance: its
// order of nodes is another in every process (sim/policies/node-tree.ts), and its 16 searchers run side by side. How many
// they are, and how those are scored among each other, the model has to know.

import { mean } from "simple-statistics";
import { decodeDriverPod, decodeNodeSpec } from "#sim/driver/decode-scheduling.ts";
import { DEFAULT_PROFILE, KubeSchedulerModel } from "#sim/policies/kube-scheduler.ts";
import { SchedulerCluster } from "#sim/policies/scheduler-cluster.ts";
import type { StartingState } from "./fidelity-bed.ts";
import type { RealDecision } from "./real-run.ts";

export interface SamplingFigures {
  readonly nodes: number;
  readonly decisions: number;
  /** Nodes scored per decision, mean. */
  readonly sampleSize: { readonly sim: number; readonly real: number };
  /** Of the nodes in kube-scheduler's sample, those that the model finds feasible. */
  readonly filterAgreement: number;
  /**
   * Of the nodes in kube-scheduler's sample, those in the model's if both begin at the same node; if the model goes by
   * where it ended itself, search after search; and as many as there would be by chance.
   */
  readonly overlap: number;
  readonly overlapAdrift: number;
  readonly overlapByChance: number;
  /** Over kube-scheduler's own sample. */
  readonly argmaxAgreement: number;
  readonly totalsAgreement: number;
}

export function compareSamples(state: StartingState, decisions: readonly RealDecision[]): SamplingFigures {
  const cluster = new SchedulerCluster(state.nodes.map(decodeNodeSpec));
  const model = new KubeSchedulerModel(cluster, DEFAULT_PROFILE);
  const follower = new KubeSchedulerModel(cluster, DEFAULT_PROFILE);
  const judge = new KubeSchedulerModel(cluster, { ...DEFAULT_PROFILE, percentageOfNodesToScore: 100 });
  const bind = (raw: unknown): void => {
    const { view, wishes } = decodeDriverPod(raw);
    cluster.addPod(view.nodeName ?? "", wishes);
  };
  for (const proxy of state.proxies) bind(proxy);
  const sums = { real: 0, sim: 0, feasible: 0, shared: 0, adrift: 0, best: 0, chosen: 0, totals: 0 };
  const chances: number[] = [];
  let start = 0;
  for (const { pod, bound, nodeName, logged } of decisions) {
    const { wishes } = decodeDriverPod(pod);
    const sample = [...logged.totals.keys()].flatMap((name) => cluster.node(name) ?? []);
    const own = new Set(model.filter(wishes).feasible.map(({ name }) => name));
    follower.searchFrom(start);
    const following = new Set(follower.filter(wishes).feasible.map(({ name }) => name));
    // A search that finds too little goes all the way round.
    start = (start + (logged.evaluatedNodes ?? 0)) % state.nodes.length;
    if (sample.length > 1) {
      sums.real += sample.length;
      sums.sim += own.size;
      sums.feasible += sample.filter((node) => judge.rejection(wishes, node) === undefined).length;
      sums.shared += sample.filter(({ name }) => following.has(name)).length;
      sums.adrift += sample.filter(({ name }) => own.has(name)).length;
      chances.push(own.size / judge.filter(wishes).feasible.length);
      const totals = judge.score(wishes, sample);
      const max = Math.max(...totals);
      sums.totals += sample.filter(({ name }, index) => totals[index] === logged.totals.get(name)).length;
      sums.chosen++;
      if (sample.some(({ name }, index) => name === nodeName && totals[index] === max)) sums.best++;
    }
    if (bound !== undefined) bind(bound);
  }
  return {
    nodes: state.nodes.length,
    decisions: decisions.length,
    sampleSize: { sim: sums.sim / sums.chosen, real: sums.real / sums.chosen },
    filterAgreement: sums.feasible / sums.real,
    overlap: sums.shared / sums.real,
    overlapAdrift: sums.adrift / sums.real,
    overlapByChance: mean(chances),
    argmaxAgreement: sums.best / sums.chosen,
    totalsAgreement: sums.totals / sums.real,
  };
}
