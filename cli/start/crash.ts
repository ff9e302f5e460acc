// `--crash`: the worst moment for a component to die is while others rely on it.

import type { Environment } from "./environment.ts";

/** Shares of the trace's pods after whose placement each component is killed. */
const EXTENDER_AT = 0.4;
const RECOMMENDER_AT = 0.6;

/** Kills the extender and then the recommender without warning, once each, while pods are being placed. */
export function crashInTheMiddle({ api, tally, parts }: Environment, podCount: number): void {
  const pending = [
    { at: Math.ceil(EXTENDER_AT * podCount), process: parts.extender },
    { at: Math.ceil(RECOMMENDER_AT * podCount), process: parts.recommender },
  ];
  api.store.subscribe(() => {
    const [next] = pending;
    if (next === undefined || tally.placed < next.at) return;
    pending.shift();
    process.stderr.write(`kill -9 ${next.process.name} after ${tally.placed} placements\n`);
    next.process.crash();
  });
}
