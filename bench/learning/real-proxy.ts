// Predicted against measured: the recommender's own model learns the costs of six apps from what a real proxy says of its
// instances at some loads, and says what they will use at others: in the same process, and in another one that has only
// just started, as a node has whose first pods of these apps have arrived.

import { quantileSorted } from "simple-statistics";
import type { AppName, NodeName } from "#model/brand.ts";
import { type AppCost, DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { InstanceUsage } from "#vpa-recommender/policy/instance-learner.ts";
import { SizingModel } from "#vpa-recommender/policy/sizing-model.ts";
import type { ProxyUsage } from "#vpa-recommender/policy/usage-difference.ts";
import { podsAt, REAL_APPS, STEPS } from "./real-apps.ts";
import { RealNode } from "./real-node.ts";

export interface PredictionError {
  readonly p50: number;
  readonly p90: number;
}

export interface Predicted {
  /** Of each instance at each load, as a share of what it used. */
  readonly cpu: PredictionError;
  readonly memory: PredictionError;
  /** Of the whole process: its base and all its instances. */
  readonly nodeCpu: PredictionError;
  readonly nodeMemory: PredictionError;
  readonly instances: number;
}

export interface RealFigures {
  readonly apps: number;
  readonly loadsLearned: number;
  readonly sameProcess: Predicted;
  readonly otherProcess: Predicted;
  /** What the profile would have said, nothing learned. */
  readonly profile: Predicted;
  readonly confidence: Readonly<Record<string, number>>;
}

/** As the manifests say of an empty proxy. */
const PROXY_BASE: Resources = { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 };
/** Each load is taken to have lasted so long, at a reading a minute: an independent reading every ten. */
const MINUTES_PER_LOAD = 30;
const MINUTE_MS = 60_000;
const PODS_ELSEWHERE = 2;

export async function learnFromRealProxy(progress: (text: string) => void): Promise<RealFigures> {
  const model = new SizingModel();
  const same: ProxyUsage[] = [];
  const node = await RealNode.start(1);
  try {
    let nowMs = Date.now();
    for (let step = 0; step < STEPS.learned; step++) {
      await node.havePods(podsAt(step));
      const usage = await node.measure("learned", step, PROXY_BASE);
      progress(`learned ${step + 1} of ${STEPS.learned}: ${inFigures(usage)}`);
      for (let minute = 0; minute < MINUTES_PER_LOAD; minute++) {
        nowMs += MINUTE_MS;
        const reading = { ...usage, timeMs: nowMs };
        const fault = model.observe(NODE, reading, { nowMs, priorOf: () => DEFAULT_APP_COST });
        if (fault !== undefined) throw new Error(`a reading of the proxy was left out: ${fault}`);
      }
    }
    for (let step = 0; step < STEPS.predicted; step++)
      same.push(await node.measure("predicted", step, PROXY_BASE));
  } finally {
    await node.stop();
  }
  progress("another process");
  const other = await measureElsewhere();
  const learned = (app: AppName): AppCost => model.learnedOf(app)?.cost ?? DEFAULT_APP_COST;
  return {
    apps: REAL_APPS.length,
    loadsLearned: STEPS.learned,
    sameProcess: predictedBy(learned, same, progress),
    otherProcess: predictedBy(learned, other, progress),
    profile: predictedBy(
      () => DEFAULT_APP_COST,
      same,
      () => undefined,
    ),
    confidence: Object.fromEntries(
      REAL_APPS.map(({ name }) => [name, model.learnedOf(name as AppName)?.confidence ?? 0]),
    ),
  };
}

const NODE = {
  name: "n1" as NodeName,
  allocatable: { cpuMilli: 64_000, memoryBytes: 256 * 1024 ** 3 },
  proxyBase: PROXY_BASE,
  modelCost: { cpuMilli: 100, memoryBytes: 200 * 1024 ** 2 },
  appPods: new Map(),
};

async function measureElsewhere(): Promise<readonly ProxyUsage[]> {
  const node = await RealNode.start(PODS_ELSEWHERE);
  const measured: ProxyUsage[] = [];
  try {
    for (let step = 0; step < STEPS.predicted; step++)
      measured.push(await node.measure("predicted", step, PROXY_BASE));
    return measured;
  } finally {
    await node.stop();
  }
}

function predictedBy(
  costOf: (app: AppName) => AppCost,
  measured: readonly ProxyUsage[],
  progress: (text: string) => void,
): Predicted {
  const errors: Record<"cpu" | "memory" | "nodeCpu" | "nodeMemory", number[]> = {
    cpu: [],
    memory: [],
    nodeCpu: [],
    nodeMemory: [],
  };
  for (const { used, instances } of measured) {
    let { cpuMilli, memoryBytes } = PROXY_BASE;
    for (const [app, usage] of instances) {
      const expected = expectedUse(costOf(app), usage);
      progress(`${app} ${inFigure(usage.used)}, predicted ${inFigure(expected)}`);
      errors.cpu.push(relative(expected.cpuMilli, usage.used.cpuMilli));
      errors.memory.push(relative(expected.memoryBytes, usage.used.memoryBytes));
      cpuMilli += expected.cpuMilli;
      memoryBytes += expected.memoryBytes;
    }
    errors.nodeCpu.push(relative(cpuMilli, used.cpuMilli));
    errors.nodeMemory.push(relative(memoryBytes, used.memoryBytes));
  }
  return {
    cpu: quantiles(errors.cpu),
    memory: quantiles(errors.memory),
    nodeCpu: quantiles(errors.nodeCpu),
    nodeMemory: quantiles(errors.nodeMemory),
    instances: errors.cpu.length,
  };
}

function expectedUse(
  { base, perPod, perConnection, perKiloRps }: AppCost,
  { pods, connections, kiloRps }: InstanceUsage,
): Resources {
  const sum = (resource: keyof Resources): number =>
    base[resource] +
    pods * perPod[resource] +
    connections * perConnection[resource] +
    kiloRps * perKiloRps[resource];
  return { cpuMilli: sum("cpuMilli"), memoryBytes: sum("memoryBytes") };
}

function relative(expected: number, measured: number): number {
  return Math.abs(expected - measured) / Math.max(measured, Number.MIN_VALUE);
}

function quantiles(errors: readonly number[]): PredictionError {
  const sorted = errors.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(1_000 * quantileSorted(sorted, share)) / 1_000;
  return { p50: at(0.5), p90: at(0.9) };
}

function inFigures({ used, instances }: ProxyUsage): string {
  return `${inFigure(used)}, of which ${[...instances.values()].map((usage) => inFigure(usage.used)).join(" ")}`;
}

function inFigure({ cpuMilli, memoryBytes }: Resources): string {
  return `${cpuMilli.toFixed(1)}m/${(memoryBytes / 1024 ** 2).toFixed(1)}Mi`;
}
