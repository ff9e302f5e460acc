// The thread of one app's instance: two ports, a pool per pod, a quota. Whatever goes wrong here ends this thread only.

import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";

import { splitAppName } from "#model/app.ts";
import { assert } from "#model/assert.ts";
import type { Quota } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";

import { QuotaGate } from "../policy/quota-gate.ts";
import { Admission } from "./admission.ts";
import { AppListener } from "./app-listener.ts";
import { CpuGovernor } from "./cpu-governor.ts";
import { DestinationGuard } from "./destination-guard.ts";
import { inboundRoute } from "./inbound-route.ts";
import { InstanceCounters } from "./instance-counters.ts";
import { KeepAliveAgent } from "./keep-alive-agent.ts";
import { NameResolver } from "./name-resolver.ts";
import { outboundRoute } from "./outbound-route.ts";
import { PodPools } from "./pod-pools.ts";
import { ReadThrottle } from "./read-throttle.ts";
import type { FromWorker, InstanceData, ToWorker } from "./worker-messages.ts";

assert(parentPort !== null, "the instance runs in a worker thread");
const host = parentPort;
const { app, counters: buffer, endpoints, nodeAddress, ports, quota, times } = workerData as InstanceData;

const clock = systemClock();
const counters = new InstanceCounters(buffer);
const guard = new DestinationGuard(nodeAddress);
const throttle = new ReadThrottle();
const governor = new CpuGovernor({ throttle, clock, threadCpuMicros, sleep });
const pools = new PodPools({ clock, throttle, drainTimeoutMs: times.drainTimeoutMs });
const names = new NameResolver({ namespace: splitAppName(app).namespace, guard, clock });
const { headersMs, drainIdleMs } = times;
const admission = new Admission({
  gate: new QuotaGate(quota, clock.nowMs()),
  throttle,
  clock,
  arrived: () => governor.wake(),
});
const shared = { admission, counters, throttle, clock, headersMs, drainIdleMs };
const inbound = new AppListener({
  ...shared,
  direction: "inbound",
  route: inboundRoute(pools, times.upstreamSilenceMs),
});
const outbound = new AppListener({
  ...shared,
  direction: "outbound",
  route: outboundRoute({
    agent: new KeepAliveAgent(throttle),
    guard,
    names,
    silenceMs: times.upstreamSilenceMs,
  }),
});

pools.update(endpoints);
governor.change(quota.cpuMilli);
beat();
host.on("message", (message: ToWorker) => {
  if (message.kind === "endpoints") pools.update(message.endpoints);
  else if (message.kind === "quota") changeQuota(message.quota);
  else if (message.kind === "retire") void retire();
  else void drain();
});

try {
  const listening = {
    inbound: await inbound.listen(nodeAddress, ports.inbound),
    outbound: await outbound.listen(nodeAddress, ports.outbound),
  };
  tell({ kind: "listening", ports: listening });
} catch (error) {
  tell({ kind: "bind-failed", message: (error as Error).message });
  process.exit(1);
}

function changeQuota(changed: Quota): void {
  admission.change(changed);
  governor.change(changed.cpuMilli);
}

function threadCpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

function beat(): void {
  counters.set("beats", counters.get("beats") + 1);
  counters.set("threadCpuMicros", threadCpuMicros());
  const heap = getHeapStatistics();
  counters.set("heapUsedBytes", heap.used_heap_size);
  counters.set("externalBytes", heap.external_memory);
  clock.after(times.heartbeatMs, beat);
}

async function retire(): Promise<void> {
  await Promise.all([inbound.retire(), outbound.retire()]);
  tell({ kind: "settled" });
}

/** The host ends this thread if it takes longer than the drain timeout. */
async function drain(): Promise<void> {
  await Promise.all([inbound.drain(), outbound.drain()]);
  process.exit(0);
}

function tell(message: FromWorker): void {
  host.postMessage(message, []);
}
