// What kube-scheduler logs of its decisions at level 10 (pkg/scheduler/schedule_one.go): the score that each plugin gave
// each node, and the total by which it chose.

export interface LoggedAttempt {
  /** By node; empty where there was nothing to choose, since one node or none was left. */
  readonly totals: ReadonlyMap<string, number>;
  /** Weighted, by plugin and then by node. */
  readonly scores: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** How far the search for feasible nodes got; undefined for a pod that was not bound. */
  readonly evaluatedNodes: number | undefined;
}

/** The last attempt at each pod, by its name. */
export function loggedAttempts(log: string): ReadonlyMap<string, LoggedAttempt> {
  const attempts = new Map<string, Attempt>();
  for (const line of log.split("\n")) {
    const pod = POD.exec(line)?.[1];
    if (pod === undefined) continue;
    if (line.includes('"Attempting to schedule pod"'))
      attempts.set(pod, { totals: new Map(), scores: new Map(), evaluatedNodes: undefined });
    const attempt = attempts.get(pod);
    const evaluated = EVALUATED.exec(line)?.[1];
    if (attempt !== undefined && evaluated !== undefined) attempt.evaluatedNodes = Number(evaluated);
    const [, node, score] = SCORE.exec(line) ?? [];
    if (attempt === undefined || node === undefined) continue;
    if (line.includes(`"Calculated node's final score for pod"`)) attempt.totals.set(node, Number(score));
    const plugin = PLUGIN.exec(line)?.[1];
    if (plugin === undefined) continue;
    const scores = attempt.scores.get(plugin) ?? new Map<string, number>();
    attempt.scores.set(plugin, scores.set(node, Number(score)));
  }
  return attempts;
}

interface Attempt {
  readonly totals: Map<string, number>;
  readonly scores: Map<string, Map<string, number>>;
  evaluatedNodes: number | undefined;
}

const POD = / pod="[^/"]+\/([^"]+)"/;
const EVALUATED = / evaluatedNodes=(\d+)/;
const PLUGIN = / plugin="([^"]+)"/;
const SCORE = / node="([^"]+)" score=(-?\d+)/;
