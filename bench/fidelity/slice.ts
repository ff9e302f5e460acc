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
  readonly wishes: AppWishes;
}

export interface SlicePod {
  readonly name: string;
  readonly app: SliceApp;
  readonly request: TracePod["request"];
}

/** Larger apps are cut: a handful of them would be the whole slice. */
const APP_PODS_MAX = 60;
const MESH_SHARE = 0.75;
const TIANCHI = "tianchiA_pods.csv.gz";
/** More than is taken, so that the apps are a choice of many. */
const GENERATED_FACTOR = 4;
/** Pods in one block of the order of creation: what several rollouts at a time mingle. */
const BLOCK_PODS = 120;
/** The generator's pods have the size of VMs. */
const GENERATED_POD_SIZE = 0.5;
const DAY_SECONDS = 86_400;

export async function drawSlice({ podCount, seed, folder }: SliceOptions): Promise<Slice> {
  const random = new SeededRandom(seed);
  const path = join(folder, TIANCHI);
  const hasTrace = await access(path).then(
    () => true,
    () => false,
  );
  const trace = hasTrace
    ? await loadTrace(path)
    : generateTrace({
        seed,
        pods: podCount * GENERATED_FACTOR,
        spanSeconds: DAY_SECONDS,
        podSize: GENERATED_POD_SIZE,
      });
  const byApp = [...Map.groupBy(trace, ({ app }) => app).values()];
  const apps: SliceApp[] = [];
  const pods: SlicePod[] = [];
  for (const ofApp of shuffled(byApp, random)) {
    const taken = ofApp.slice(0, Math.min(APP_PODS_MAX, podCount - pods.length));
    if (taken.length === 0) break;
    const name = `app-${String(apps.length).padStart(3, "0")}`;
    const app = {
      name,
      replicas: taken.length,
      isMesh: random.next() < MESH_SHARE,
      maxPerNode: ofApp[0]?.maxPerNode,
      wishes: wishesOf(name, { random, maxPerNode: ofApp[0]?.maxPerNode, earlier: apps.at(-1)?.name }),
    };
    apps.push(app);
    pods.push(...taken.map(({ request }, index) => ({ name: `${name}-${index}`, app, request })));
  }
  return {
    source: hasTrace ? `Tianchi 2018, set A, ${apps.length} apps` : `generator, seed ${seed}`,
    apps,
    pods: inBlocks(pods, random),
  };
}

export interface SliceOptions {
  readonly podCount: number;
  readonly seed: number;
  /** Where traces are, if there are any. */
  readonly folder: string;
}

// Apps come one after the other in blocks, mingled within each: neither one rollout at a time nor all of them at once.
function inBlocks(pods: readonly SlicePod[], random: SeededRandom): SlicePod[] {
  const ordered: SlicePod[] = [];
  for (let from = 0; from < pods.length; from += BLOCK_PODS) {
    ordered.push(...shuffled(pods.slice(from, from + BLOCK_PODS), random));
  }
  return ordered;
}
