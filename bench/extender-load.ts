// The client of the extender bench, a process of its own as kube-scheduler is one: in the process that serves a hundred
// thousand pods the answers would wait for its garbage collector.

import { once } from "node:events";
import { median, quantile } from "simple-statistics";
import { Pool } from "undici";
import type { JsonObject } from "#sim/loopback/json.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { childAnswer } from "./child-answer.ts";
import { appOf, appPod, nodeNames, PODS_PER_NODE } from "./extender-objects.ts";

export interface Latencies {
  readonly filterMsP50: number;
  readonly filterMsP99: number;
  readonly prioritizeMsP50: number;
  readonly prioritizeMsP99: number;
}

export interface VerbLoad {
  readonly url: string;
  /** Which of the random pods are asked about. */
  readonly seed: number;
  /** How many names are in each question. */
  readonly nodes: number;
  readonly calls: number;
}

/** Asks one question after the other, as kube-scheduler does, from a process that ends with the last. */
export async function askVerbs(load: VerbLoad): Promise<Latencies> {
  return childAnswer<Latencies>(new URL(import.meta.url), load);
}

// Half of the pods join an app, half bring a new one: the two ways through the ranking.
async function callVerbs({ url, seed, nodes: count, calls }: VerbLoad): Promise<Latencies> {
  const nodes = nodeNames(count);
  const names = JSON.stringify(nodes);
  const pool = new Pool(url, { connections: 1 });
  const filterMs: number[] = [];
  const prioritizeMs: number[] = [];
  const random = new SeededRandom(seed);
  try {
    for (let call = 0; call < calls; call++) {
      const app =
        call % 2 === 0 ? appOf(random.integer(nodes.length * PODS_PER_NODE)) : `new-${seed}-${call}`;
      const pod = withUid(appPod(`waiting-${seed}-${call}`, app), `uid-${seed}-${call}`);
      const body = `{"Pod":${JSON.stringify(pod)},"Nodes":null,"NodeNames":${names}}`;
      const filter = await post(pool, "/filter", body);
      const prioritize = await post(pool, "/prioritize", body);
      filterMs.push(filter);
      prioritizeMs.push(prioritize);
    }
  } finally {
    await pool.close();
  }
  return {
    filterMsP50: median(filterMs),
    filterMsP99: quantile(filterMs, 0.99),
    prioritizeMsP50: median(prioritizeMs),
    prioritizeMsP99: quantile(prioritizeMs, 0.99),
  };
}

function withUid(pod: JsonObject, uid: string): JsonObject {
  return { ...pod, metadata: { ...(pod["metadata"] as JsonObject), uid } };
}

async function post(pool: Pool, path: string, body: string): Promise<number> {
  const startedMs = performance.now();
  const answer = await pool.request({
    method: "POST",
    path,
    body,
    headers: { "content-type": "application/json" },
  });
  await answer.body.arrayBuffer();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
  return performance.now() - startedMs;
}

if (import.meta.main && process.send !== undefined) {
  const [load] = (await once(process, "message")) as [VerbLoad];
  process.send(await callVerbs(load));
  process.disconnect();
}
