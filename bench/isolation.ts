// What one app's flood, quota, endless loop or crash does to another app of the same proxy; nginx and haproxy, which
// have no quota on CPU, in the same run.

import { UsageError } from "#runtime/usage-error.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { CRASH_KINDS, measureCrashes } from "./sharing/crashes.ts";
import { measureLending } from "./sharing/lending.ts";
import type { LendingFigures } from "./sharing/lending.ts";
import { Neighbours, rounded } from "./sharing/neighbours.ts";
import type { Latency, NeighbourFigures } from "./sharing/neighbours.ts";
import { peerAbsence, PeerProxy } from "./sharing/peer-proxy.ts";
import type { PeerName } from "./sharing/peer-proxy.ts";
import { pause, processCpuSeconds, SharedNode } from "./sharing/shared-node.ts";
import { freePort } from "#cli/start/free-port.ts";

export const isolationBench: Bench = {
  summary:
    "a flooded, looping or crashing neighbour: the victim's latency and errors, beside nginx and haproxy",
  run,
};

interface Depth {
  readonly rounds: number;
  readonly seconds: number;
  readonly quotaSeconds: number;
  readonly quotaShares: readonly number[];
  readonly crashRounds: number;
}

const FULL: Depth = {
  rounds: 3,
  seconds: 5,
  quotaSeconds: 3,
  quotaShares: [0.1, 0.25, 0.5, 1],
  crashRounds: 1,
};
const QUICK: Depth = { rounds: 1, seconds: 1, quotaSeconds: 1, quotaShares: [0.25], crashRounds: 0 };
/** The neighbour's, while the victim is measured. */
const QUOTA = { cpu: "250m" };
const PEERS: readonly PeerName[] = ["nginx", "haproxy"];

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`isolation takes no ${unknown}`);
  const depth = isQuick ? QUICK : FULL;
  const neighbours = new Neighbours();
  const apps = await neighbours.start();
  const skipped: Record<string, string> = {};
  const { berth, beside, unlimited, cpuQuota, change, lending } = await measureBerth(neighbours, apps, {
    depth,
    progress,
  });
  const peers: Partial<Record<PeerName, NeighbourFigures>> = {};
  for (const name of PEERS) {
    const absence = peerAbsence(name);
    if (absence === undefined)
      peers[name] = await measurePeer(name, neighbours, { apps, depth: peerDepth(depth) });
    else skipped[name] = absence;
    progress(`${name}: ${JSON.stringify(peers[name] ?? absence)}`);
  }
  neighbours.stop();
  const crashes =
    depth.crashRounds === 0
      ? null
      : await measureCrashes({ kinds: CRASH_KINDS, each: depth.crashRounds, progress });
  if (crashes === null) {
    skipped["crashes"] = "a crash of every kind takes minutes; run without --quick";
    skipped["berth, no quota"] = "run without --quick";
  }
  const figures = {
    berth,
    berthWithoutQuota: unlimited,
    besideLoadOnly: beside,
    nginx: peers.nginx ?? null,
    haproxy: peers.haproxy ?? null,
    cpuQuota,
    quotaChange: change,
    lending,
    spinStoppedMs: crashes?.spinStoppedMs ?? null,
    crashes,
    skipped,
  };
  return { figures, table: tableOf(figures) };
}

/** Their ratios are far from ours, and need no more rounds to say so. */
function peerDepth(depth: Depth): Depth {
  return { ...depth, rounds: Math.min(depth.rounds, 2) };
}

interface MeasureOptions {
  readonly depth: Depth;
  readonly progress: BenchOptions["progress"];
}

async function measureBerth(
  neighbours: Neighbours,
  apps: { readonly victim: number; readonly neighbour: number },
  { depth, progress }: MeasureOptions,
) {
  const node = await SharedNode.start();
  const ports = {
    victim: (await node.addApp("victim")).inbound,
    neighbour: (await node.addApp("neighbour")).inbound,
  };
  node.addPod("victim", apps.victim);
  node.addPod("neighbour", apps.neighbour);
  await node.untilServing("victim");
  await node.untilServing("neighbour");
  const unlimited = depth.crashRounds === 0 ? null : await neighbours.measure(ports, { ...depth, rounds: 1 });
  progress(`without a quota: ${JSON.stringify(unlimited)}`);
  node.setQuota("neighbour", QUOTA);
  const berth = await neighbours.measure(ports, depth);
  progress(`with ${QUOTA.cpu}: ${JSON.stringify(berth)}`);
  const perSecond = berth.neighbourPerSecond;
  const beside = await neighbours.measureBeside(ports.victim, {
    appPort: apps.neighbour,
    perSecond,
    seconds: depth.seconds,
  });
  progress(`with as much load and no proxy for it: ${JSON.stringify(beside)}`);
  const cpuQuota: { readonly quotaShare: number; readonly heldShare: number }[] = [];
  for (const quotaShare of depth.quotaShares) {
    node.setQuota("neighbour", { cpu: `${quotaShare * 1000}m` });
    const heldShare = await heldCpu(node, neighbours, { port: ports.neighbour, seconds: depth.quotaSeconds });
    cpuQuota.push({ quotaShare, heldShare });
    progress(`quota ${quotaShare}: held ${heldShare}`);
  }
  const change = await quotaChange(node, neighbours, ports.neighbour);
  progress(`quota changed under load: ${JSON.stringify(change)}`);
  node.setQuota("neighbour", {});
  const lending = await measureLending(node, neighbours, { lender: ports.victim, borrower: ports.neighbour });
  progress(`lending: ${JSON.stringify(lending)}`);
  await node.stop();
  return { berth, beside, unlimited, cpuQuota, change, lending };
}

interface FloodOptions {
  readonly port: number;
  readonly seconds: number;
}

/** CPU of the whole process, what runs outside the instance's thread included, less what it uses without the flood. */
async function heldCpu(
  node: SharedNode,
  neighbours: Neighbours,
  { port, seconds }: FloodOptions,
): Promise<number> {
  const idle = await cpuShare(node, seconds);
  neighbours.flood(port);
  await pause(1_500);
  const busy = await cpuShare(node, seconds);
  await neighbours.stopFlood();
  await pause(500);
  return rounded(busy - idle);
}

async function cpuShare(node: SharedNode, seconds: number): Promise<number> {
  const { hostPid } = node;
  const startedMs = performance.now();
  const before = processCpuSeconds(hostPid);
  await pause(seconds * 1000);
  return (processCpuSeconds(hostPid) - before) / ((performance.now() - startedMs) / 1000);
}

/** From a half to a tenth and back, under load: when the first quarter of a second has ended whose CPU was
 * within 20 % of the new quota. */
async function quotaChange(node: SharedNode, neighbours: Neighbours, port: number) {
  node.setQuota("neighbour", { cpu: "500m" });
  neighbours.flood(port);
  await pause(1_000);
  const lowered = await untilHeld(node, "100m", 0.1);
  await pause(1_000);
  const raised = await untilHeld(node, "500m", 0.5);
  const { answered, refused, failed } = await neighbours.stopFlood();
  return { loweredMs: lowered, raisedMs: raised, answered, lost: refused + failed };
}

const WINDOW_SECONDS = 0.25;
const CLOSE_ENOUGH = 0.2;

async function untilHeld(node: SharedNode, cpu: string, share: number): Promise<number | null> {
  node.setQuota("neighbour", { cpu });
  const startedMs = performance.now();
  while (performance.now() - startedMs < PATIENCE_MS) {
    const held = await cpuShare(node, WINDOW_SECONDS);
    if (Math.abs(held - share) <= share * CLOSE_ENOUGH + IDLE_SHARE)
      return Math.round(performance.now() - startedMs);
  }
  return null;
}

const PATIENCE_MS = 10_000;
const IDLE_SHARE = 0.04;

async function measurePeer(
  name: PeerName,
  neighbours: Neighbours,
  {
    apps,
    depth,
  }: { readonly apps: { readonly victim: number; readonly neighbour: number }; readonly depth: Depth },
): Promise<NeighbourFigures> {
  const ports = { victim: await freePort("127.0.0.1"), neighbour: await freePort("127.0.0.1") };
  const peer = await PeerProxy.start(name, [
    { port: ports.victim, appPort: apps.victim },
    { port: ports.neighbour, appPort: apps.neighbour },
  ]);
  try {
    return await neighbours.measure(ports, depth);
  } finally {
    await peer.stop();
  }
}

interface IsolationFigures {
  readonly berth: NeighbourFigures;
  readonly berthWithoutQuota: NeighbourFigures | null;
  readonly besideLoadOnly: Latency;
  readonly nginx: NeighbourFigures | null;
  readonly haproxy: NeighbourFigures | null;
  readonly cpuQuota: readonly { readonly quotaShare: number; readonly heldShare: number }[];
  readonly quotaChange: {
    readonly loweredMs: number | null;
    readonly raisedMs: number | null;
    readonly lost: number;
  };
  readonly lending: LendingFigures;
  readonly crashes: Awaited<ReturnType<typeof measureCrashes>> | null;
  readonly skipped: Readonly<Record<string, string>>;
}

function tableOf(figures: IsolationFigures): string {
  const row = (name: string, measured: NeighbourFigures | null): string =>
    measured === null
      ? `${name.padEnd(20)}  skipped: ${figures.skipped[name] ?? ""}`
      : `${name.padEnd(20)}  p50 ${measured.idle.p50Ms} → ${measured.flooded.p50Ms} ms (${measured.p50Ratio}×)  p99 ${measured.idle.p99Ms} → ${measured.flooded.p99Ms} ms (${measured.p99Ratio}×)  victim's errors ${measured.victimErrors}, neighbour ${measured.neighbourPerSecond}/s`;
  const { crashes, quotaChange, lending } = figures;
  return [
    "a victim at 200 requests per second, its neighbour idle → flooded",
    row(`berth, ${QUOTA.cpu}`, figures.berth),
    `the same load alone   p50 ${figures.besideLoadOnly.p50Ms} ms, p99 ${figures.besideLoadOnly.p99Ms} ms, with the neighbour's requests sent straight to its app`,
    row("berth, no quota", figures.berthWithoutQuota),
    row("nginx", figures.nginx),
    row("haproxy", figures.haproxy),
    `CPU quota → held     ${figures.cpuQuota.map(({ quotaShare, heldShare }) => `${quotaShare} → ${heldShare}`).join(", ")}`,
    `quota changed        lowered in ${quotaChange.loweredMs} ms, raised in ${quotaChange.raisedMs} ms, requests lost ${quotaChange.lost}`,
    `lending              guaranteed ${lending.guaranteedShare}, lent up to ${lending.lentShare} and used ${lending.usedShare} of a core; given back in ${lending.givenBackMs} ms`,
    crashes === null
      ? `crashes              skipped: ${figures.skipped["crashes"] ?? ""}`
      : `${crashes.count} crashes          victim's errors ${crashes.victimErrors} (contained kinds), app back p99 ${crashes.appBackMsP99} ms, process back ${crashes.processBackMs} ms, spin stopped ${crashes.spinStoppedMs} ms`,
  ].join("\n");
}
