// What kube-scheduler logs of its decisions at level 10 (pkg/scheduler/schedule_one.go): the score that each plugin gave
// each node, and the total by which it chose.

export interface LoggedAttempt {
  /** By node; empty where there was nothing to choose, since one node or none was left. */
  readonly totals: ReadonlyMap<string, number>;
  /** Weighted, by plugin and then by node. */
  readonly scores: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The last attempt at each pod, by its name. */
export function loggedAttempts(log: string): ReadonlyMap<string, LoggedAttempt> {
  const attempts = new Map<string, Attempt>();
  for (const line of log.split("\n")) {
    const pod = POD.exec(line)?.[1];
    if (pod === undefined) continue;
    if (line.includes('"Attempting to schedule pod"'))
      attempts.set(pod, { totals: new Map(), scores: new Map() });
    const attempt = attempts.get(pod);
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
}

const POD = / pod="[^/"]+\/([^"]+)"/;
const PLUGIN = / plugin="([^"]+)"/;
const SCORE = / node="([^"]+)" score=(-?\d+)/;
