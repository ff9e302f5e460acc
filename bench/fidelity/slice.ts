// What is placed twice, by the real kube-scheduler and by the model: a slice of a trace's apps with their demands, and
// wishes drawn for them by a seed, since traces hold none.

import { access } from "node:fs/promises";
import { join } from "node:path";
import { generateTrace } from "#sim/traces/generator.ts";
import { loadTrace } from "#sim/traces/load-trace.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import { SeededRandom, shuffled } from "#sim/seeded-random.ts";
import { type AppWishes, wishesOf } from "./app-wishes.ts";

export interface Slice {
  /** Where the demands come from. */
  readonly source: string;
  readonly apps: readonly SliceApp[];
  /** In the order of their creation. */
  readonly pods: readonly SlicePod[];
}

export interface SliceApp {
  readonly name: string;
  readonly replicas: number;
  readonly isMesh: boolean;
  readonly maxPerNode: number | undefined;
  /** Of its profile; undefined where nothing is known of it. */
  readonly meshCost: object | undefined;
  readonly wishes: AppWishes;
}

export interface SlicePod {
  readonly name: string;
  readonly app: SliceApp;
  readonly request: TracePod["request"];
}

/** Larger apps are cut, in a small slice all the more: a handful of them would be the whole slice. */
const APP_PODS_MAX = 60;
const APP_SHARE_MAX = 0.1;
const MESH_SHARE = 0.75;
/** Apps whose mesh costs are their own and not the default. */
const COSTED_SHARE = 0.4;
const BASE_MIB_MAX = 1_200;
const REQUESTS_PER_SECOND_MAX = 3_000;
const TIANCHI = "tianchiA_pods.csv.gz";
/** More than is taken, so that the apps are a choice of many. */
const GENERATED_FACTOR = 4;
/** Pods in one block of the order of creation: what several rollouts at a time mingle. */
const BLOCK_PODS = 120;
const DAY_SECONDS = 86_400;

export async function drawSlice({ podCount, seed, traces }: SliceOptions): Promise<Slice> {
  const random = new SeededRandom(seed);
  const path = await traceIn(traces);
  const trace =
    path !== undefined
      ? await loadTrace(path)
      : generateTrace({
          seed,
          pods: podCount * GENERATED_FACTOR,
          spanSeconds: DAY_SECONDS,
        });
  const byApp = [...Map.groupBy(trace, ({ app }) => app).values()];
  const podsMax = Math.min(APP_PODS_MAX, Math.ceil(podCount * APP_SHARE_MAX));
  const apps: SliceApp[] = [];
  const pods: SlicePod[] = [];
  for (const ofApp of shuffled(byApp, random)) {
    const taken = ofApp.slice(0, Math.min(podsMax, podCount - pods.length));
    if (taken.length === 0) break;
    const name = `app-${String(apps.length).padStart(3, "0")}`;
    const app = {
      name,
      replicas: taken.length,
      isMesh: random.next() < MESH_SHARE,
      maxPerNode: ofApp[0]?.maxPerNode,
      meshCost: random.next() < COSTED_SHARE ? drawCost(random) : undefined,
      wishes: wishesOf(name, { random, maxPerNode: ofApp[0]?.maxPerNode, earlier: apps.at(-1)?.name }),
    };
    apps.push(app);
    pods.push(...taken.map(({ request }, index) => ({ name: `${name}-${index}`, app, request })));
  }
  return {
    source: path !== undefined ? `Tianchi 2018, set A, ${apps.length} apps` : `generator, seed ${seed}`,
    apps,
    pods: inBlocks(pods, random),
  };
}

function drawCost(random: SeededRandom): object {
  return {
    base: { memory: `${1 + random.integer(BASE_MIB_MAX)}Mi` },
    requestsPerSecondPerPod: random.integer(REQUESTS_PER_SECOND_MAX),
  };
}

export interface SliceOptions {
  readonly podCount: number;
  readonly seed: number;
  /** Folder; a seeded workload where it does not hold the trace. */
  readonly traces: string | undefined;
}

async function traceIn(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, TIANCHI);
  return access(path).then(
    () => path,
    () => undefined,
  );
}

// Apps come one after the other in blocks, mingled within each: neither one rollout at a time nor all of them at once.
function inBlocks(pods: readonly SlicePod[], random: SeededRandom): SlicePod[] {
  const ordered: SlicePod[] = [];
  for (let from = 0; from < pods.length; from += BLOCK_PODS) {
    ordered.push(...shuffled(pods.slice(from, from + BLOCK_PODS), random));
  }
  return ordered;
}
