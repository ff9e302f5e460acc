// The thread of one app's instance: two ports, a pool per pod, a quota. Whatever goes wrong here ends this thread only.

import { parentPort, workerData } from "node:worker_threads";

import { splitAppName } from "#model/app.ts";
import { assert } from "#model/assert.ts";
import { systemClock } from "#runtime/clock.ts";

import { AppListener } from "./app-listener.ts";
import { DestinationGuard } from "./destination-guard.ts";
import { UpstreamPools } from "./http1/upstream-pools.ts";
import { inboundRoute } from "./inbound-route.ts";
import { InstanceCounters } from "./instance-counters.ts";
import { InstanceQuota } from "./instance-quota.ts";
import { NameResolver } from "./name-resolver.ts";
import { outboundRoute } from "./outbound-route.ts";
import { PodPools } from "./pod-pools.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { SourceGuard } from "./source-guard.ts";
import type { FromWorker, InstanceData, ToWorker } from "./worker-messages.ts";

assert(parentPort !== null, "the instance runs in a worker thread");
const host = parentPort;
const {
  app,
  counters: buffer,
  endpoints,
  nodeAddress,
  ports,
  quota,
  sources,
  times,
} = workerData as InstanceData;

const clock = systemClock();
const counters = new InstanceCounters(buffer);
const guard = new DestinationGuard(nodeAddress);
const limits = new InstanceQuota({ quota, clock, counters, exhausted: () => tell({ kind: "exhausted" }) });
const { throttle, admission } = limits;
const pools = new PodPools({ clock, throttle, drainTimeoutMs: times.drainTimeoutMs });
const { namespace } = splitAppName(app);
const names = new NameResolver({ namespace, guard, clock });
const services = new ServiceRoutes({
  namespace,
  guard,
  clock,
  random: Math.random,
  ask: (name) => tell({ kind: "follow-service", name }),
  forget: (name) => tell({ kind: "forget-service", name }),
});
const sourceGuard = new SourceGuard(nodeAddress);
const upstreams = new UpstreamPools(throttle);
const { headersMs, drainIdleMs, upstreamSilenceMs: silenceMs } = times;
const shared = { admission, counters, throttle, clock, times: { headersMs, drainIdleMs, silenceMs } };
const inbound = new AppListener({
  ...shared,
  direction: "inbound",
  route: inboundRoute(pools),
  loadHttp2: async (client) => {
    const { inboundHttp2 } = await import("./http2/inbound-http2.ts");
    return inboundHttp2({ client, clock, pools, throttle });
  },
  sweepUpstreams: (nowMs) => pools.sweep(nowMs),
});
const outbound = new AppListener({
  ...shared,
  direction: "outbound",
  sources: sourceGuard,
  route: outboundRoute({ pools: upstreams, guard, names, services }),
  sweepUpstreams: (nowMs) => upstreams.sweep(nowMs),
});

pools.update(endpoints);
sourceGuard.update(sources);
beat();
host.on("message", (message: ToWorker) => {
  if (message.kind === "endpoints") pools.update(message.endpoints);
  else if (message.kind === "sources") sourceGuard.update(message.sources);
  else if (message.kind === "quota") limits.change(message.quota);
  else if (message.kind === "service") services.received(message.name, message.service);
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

function beat(): void {
  limits.beat();
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
