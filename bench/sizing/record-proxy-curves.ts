// `npm run bench:curves`: measures what the real proxy uses under stepped load and writes bench/sizing/proxy-curves.json, from
// which the sizing bench makes its usage. Takes some minutes on a quiet machine.

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type MeasuredInstance, MeasuredProxy, PacedLoad } from "./measured-proxy.ts";
import type { CurvePoint, ProxyCurves } from "./proxy-curves.ts";

const FILE = new URL("proxy-curves.json", import.meta.url);
const APPS_IDLE = [0, 1, 2, 4, 8, 16];
const PODS = [1, 4, 16];
const CONNECTIONS = [16, 128, 512];
const CONNECTIONS_FALLING = 128;
const RATES = [0, 25, 50, 100, 200, 400, 800, 1600, 3200];
const BODY_BYTES = [1024, 32 * 1024];
const SETTLE_MS = 500;
const MEASURE_MS = 3_000;
const SAMPLE_MS = 200;
const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

async function main(): Promise<void> {
  const points: CurvePoint[] = [];
  const add = (point: CurvePoint): void => {
    points.push(point);
    process.stderr.write(`${JSON.stringify(point)}\n`);
  };
  await recordIdleApps(add);
  await recordPods(add);
  for (const bodyBytes of BODY_BYTES) await recordLoad(bodyBytes, add);
  const curves: ProxyCurves = {
    measured:
      `proxy/main.ts under Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}; each point ` +
      `${MEASURE_MS / 1000} s after ${SETTLE_MS / 1000} s of the same load; CPU from /proc/*/task/*/schedstat, memory as PSS, of ` +
      `supervisor and host together; load and apps in a process of their own`,
    sampleMs: SAMPLE_MS,
    quantiles: QUANTILES,
    points,
  };
  writeFileSync(FILE, `${JSON.stringify(curves, undefined, 1)}\n`);
}

type Add = (point: CurvePoint) => void;

async function recordIdleApps(add: Add): Promise<void> {
  for (const apps of APPS_IDLE) {
    const proxy = await MeasuredProxy.start(BODY_BYTES[0] ?? 0);
    for (let index = 0; index < apps; index++) await proxy.addPod(`bench/app-${index}`);
    add(await measure(proxy, { apps, pods: apps, connections: 0, bodyBytes: 0, load: undefined }));
    await proxy.stop();
  }
}

async function recordPods(add: Add): Promise<void> {
  for (const pods of PODS) {
    const proxy = await MeasuredProxy.start(BODY_BYTES[0] ?? 0);
    for (let index = 0; index < pods; index++) await proxy.addPod("bench/app");
    add(await measure(proxy, { apps: 1, pods, connections: 0, bodyBytes: 0, load: undefined }));
    await proxy.stop();
  }
}

// Each number of connections begins with a fresh proxy. For one of them the rates climb and fall again: what a heap keeps
// from a higher load is part of what is measured.
async function recordLoad(bodyBytes: number, add: Add): Promise<void> {
  for (const connections of CONNECTIONS) {
    const proxy = await MeasuredProxy.start(bodyBytes);
    const port = await proxy.addPod("bench/app");
    const falling = connections === CONNECTIONS_FALLING ? RATES.toReversed().slice(1) : [];
    for (const perSecond of [...RATES, ...falling]) {
      const load = new PacedLoad({ port, connections, perSecond });
      add(await measure(proxy, { apps: 1, pods: 1, connections, bodyBytes, load }));
      await load.stop();
    }
    await proxy.stop();
  }
}

interface Setting {
  readonly apps: number;
  readonly pods: number;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly load: PacedLoad | undefined;
}

async function measure(proxy: MeasuredProxy, { load, ...setting }: Setting): Promise<CurvePoint> {
  await delay(SETTLE_MS);
  const cpuMilli: number[] = [];
  const memoryBytes: number[] = [];
  const before = {
    instances: await proxy.instances(),
    answered: load?.answered ?? 0,
    failed: load?.failed ?? 0,
  };
  const startedMs = performance.now();
  const startedCpu = proxy.cpuSeconds();
  let [lastMs, lastCpu] = [startedMs, startedCpu];
  while (performance.now() - startedMs < MEASURE_MS) {
    await delay(SAMPLE_MS);
    const [nowMs, nowCpu] = [performance.now(), proxy.cpuSeconds()];
    cpuMilli.push(milli(nowCpu - lastCpu, nowMs - lastMs));
    memoryBytes.push(proxy.memoryBytes());
    [lastMs, lastCpu] = [nowMs, nowCpu];
  }
  const elapsedMs = lastMs - startedMs;
  const after = await proxy.instances();
  return {
    ...setting,
    perSecond: Math.round((((load?.answered ?? 0) - before.answered) * 1000) / elapsedMs),
    failed: (load?.failed ?? 0) - before.failed,
    cpuMilli: milli(lastCpu - startedCpu, elapsedMs),
    cpuMilliQuantiles: quantiles(cpuMilli).map((value) => Math.round(value)),
    memoryBytesQuantiles: quantiles(memoryBytes).map((value) => Math.round(value)),
    instanceCpuMilli: milli(cpuOf(after) - cpuOf(before.instances), elapsedMs),
    instanceHeapBytes: after.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
  };
}

function cpuOf(instances: readonly MeasuredInstance[]): number {
  return instances.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

function milli(seconds: number, ms: number): number {
  return Math.round((seconds * 1e7) / ms) / 10;
}

function quantiles(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return QUANTILES.map(
    (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0,
  );
}

await main();
