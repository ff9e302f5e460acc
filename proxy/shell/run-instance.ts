// One app's instance: two ports, a pool per pod, a quota. The same whether it runs in a thread of the host or in a
// process of its own; whatever goes wrong here ends that thread or process only.

import type { Socket } from "node:net";

import { splitAppName } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";

import type { Drain } from "../policy/farewell.ts";
import { AccessLog } from "./access-log.ts";
import { AppListener } from "./app-listener.ts";
import { DestinationGuard } from "./destination-guard.ts";
import { UpstreamPools } from "./http1/upstream-pools.ts";
import { IdentityGate } from "./identity/identity-gate.ts";
import { inboundRoute } from "./inbound-route.ts";
import { InstanceQuota } from "./instance-quota.ts";
import type { Direction } from "./instance-counters.ts";
import type { InstanceSeat } from "./instance-seat.ts";
import { NameResolver } from "./name-resolver.ts";
import { outboundRoute } from "./outbound-route.ts";
import { PodPools } from "./pod-pools.ts";
import { ServiceRoutes, type ServiceRoutesOptions } from "./service-routes.ts";
import { SourceGuard } from "./source-guard.ts";
import { TcpPorts } from "./tcp/tcp-ports.ts";
import { TraceStarter } from "./trace-starter.ts";
import type { WorkerSettings } from "./worker-messages.ts";

/** Resolves once it listens. */
export async function runInstance(seat: InstanceSeat): Promise<void> {
  const { data, counters } = seat;
  const { app, nodeAddress, times } = data;
  const clock = systemClock();
  const guard = new DestinationGuard(nodeAddress);
  const limits = new InstanceQuota({
    quota: data.quota,
    clock,
    counters,
    cpuMicros: () => seat.cpuMicros(),
    exhausted: () => seat.tell({ kind: "exhausted" }),
  });
  const { throttle, admission } = limits;
  const accessLog = new AccessLog({
    counters,
    random: Math.random,
    send: (lines) => seat.tell({ kind: "accessed", lines }),
  });
  const traces = new TraceStarter(Math.random);
  const { drainTimeoutMs } = times;
  const pools = new PodPools({ clock, throttle, drainTimeoutMs });
  const { namespace } = splitAppName(app);
  const names = new NameResolver({ namespace, guard, clock });
  const services = serviceRoutes(seat, { namespace, guard, clock });
  const sourceGuard = new SourceGuard(nodeAddress);
  const upstreams = new UpstreamPools(throttle);
  const { headersMs, drainIdleMs, clientIdleMs, upstreamSilenceMs: silenceMs } = times;
  const parts = { accessLog, traces, admission, counters, throttle, clock };
  const shared = { ...parts, drainTimeoutMs, times: { headersMs, drainIdleMs, clientIdleMs, silenceMs } };
  const identity = new IdentityGate({
    identity: data.settings.identity,
    clock,
    secured: (connection) => inbound.serveSecured(connection),
    audited: (entries) => seat.tell({ kind: "audit", entries }),
  });
  const inbound = new AppListener({
    ...shared,
    direction: "inbound",
    route: inboundRoute(pools, identity),
    ...(data.settings.identity.mode !== "off" && {
      takeTls: (socket: Socket, bytes: Buffer) => void identity.accept(socket, bytes),
    }),
    loadHttp2: async (client) => {
      const { inboundHttp2 } = await import("./http2/inbound-http2.ts");
      const refusalOf: IdentityGate["refusalOf"] = (caller, address) => identity.refusalOf(caller, address);
      return inboundHttp2({ client, clock, pools, throttle, refusalOf });
    },
    sweepUpstreams: (nowMs) => pools.sweep(nowMs),
  });
  const outbound = new AppListener({
    ...shared,
    direction: "outbound",
    sources: sourceGuard,
    route: outboundRoute({ pools: upstreams, guard, names, services, identity }),
    sweepUpstreams: (nowMs) => upstreams.sweep(nowMs),
  });

  const tcp = new TcpPorts({
    ...shared,
    nodeAddress,
    pools,
    failed: (port, message) => seat.tell({ kind: "tcp-port-failed", port, message }),
  });
  const apply = (settings: Partial<WorkerSettings>): void => {
    const { observation, tcpPorts, endpoints, sources, identity: own } = settings;
    if (endpoints !== undefined) pools.update(endpoints);
    if (sources !== undefined) sourceGuard.update(sources);
    if (own !== undefined) identity.update(own);
    if (tcpPorts !== undefined) tcp.update(tcpPorts);
    if (observation === undefined) return;
    accessLog.change(observation.accessLogRatio);
    traces.change(observation.traces);
  };
  apply(data.settings);
  const beat = (): void => {
    tcp.count();
    limits.beat();
    accessLog.flush();
    seat.beat();
    clock.after(times.heartbeatMs, beat);
  };
  beat();
  seat.listen((message) => {
    if (message.kind === "settings") apply(message.settings);
    else if (message.kind === "quota") limits.change(message.quota);
    else if (message.kind === "service") services.received(message.name, message.service);
    else if (message.kind === "retire") void retire(seat, [inbound, outbound]);
    else void drain(seat, [inbound, outbound, tcp], { how: message.drain, accessLog });
  });

  await listen(seat, { inbound, outbound });
}

function serviceRoutes(
  seat: InstanceSeat,
  parts: Pick<ServiceRoutesOptions, "namespace" | "guard" | "clock">,
): ServiceRoutes {
  return new ServiceRoutes({
    ...parts,
    random: Math.random,
    ask: (name) => seat.tell({ kind: "follow-service", name }),
    forget: (name) => seat.tell({ kind: "forget-service", name }),
  });
}

async function listen(
  seat: InstanceSeat,
  listeners: Readonly<Record<Direction, AppListener>>,
): Promise<void> {
  const { nodeAddress, ports } = seat.data;
  try {
    const listening = {
      inbound: await listeners.inbound.listen(nodeAddress, ports.inbound),
      outbound: await listeners.outbound.listen(nodeAddress, ports.outbound),
    };
    seat.tell({ kind: "listening", ports: listening });
  } catch (error) {
    seat.tell({ kind: "bind-failed", message: (error as Error).message });
    seat.end(1);
  }
}

async function retire(seat: InstanceSeat, listeners: readonly AppListener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.retire()));
  seat.tell({ kind: "settled" });
}

/** The host ends it if it takes longer than the drain timeout. */
async function drain(
  seat: InstanceSeat,
  listeners: readonly Pick<AppListener, "drain">[],
  { how, accessLog }: { readonly how: Drain; readonly accessLog: AccessLog },
): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.drain(how)));
  accessLog.flush();
  seat.end(0);
}
