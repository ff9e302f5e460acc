// Instances that end in every way that Node has, beside a victim under load: what the victim loses, how soon the app is
// back, and how soon the whole process is where V8 aborts it.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { max, median, quantile } from "simple-statistics";

import { CONTAINED_FAULTS, UNCONTAINED_FAULTS } from "#proxy/testing/fault-preload.ts";
import type { Fault } from "#proxy/testing/fault-preload.ts";
import { FAULT_SOCKET_VARIABLE } from "#proxy/testing/fault-socket.ts";

import { CrashBed } from "./crash-bed.ts";
import type { Crash } from "./crash-bed.ts";
import { Neighbours, rounded } from "./neighbours.ts";
import { SharedNode } from "./shared-node.ts";

const ENTRY = fileURLToPath(new URL("../../proxy/testing/faulty-proxy.ts", import.meta.url));
/** What a signal does to the host, as its own code or the kernel's memory killer would. */
const HOST_SIGNALS = { "host-abort": "SIGABRT", "host-killed": "SIGKILL" } as const;
export type CrashKind = Fault | keyof typeof HOST_SIGNALS;
export const CRASH_KINDS: readonly CrashKind[] = [
  ...CONTAINED_FAULTS,
  ...UNCONTAINED_FAULTS,
  ...(Object.keys(HOST_SIGNALS) as (keyof typeof HOST_SIGNALS)[]),
];
/** Apps that are started together, to be crashed one after the other. */
const BATCH = 10;

export interface KindFigures {
  readonly count: number;
  /** How often the whole process ended. */
  readonly processes: number;
  /** From the end of what was there until a new connection is answered: of the app, or of app and victim. */
  readonly backMsP50: number;
  readonly backMsMax: number;
  /** From the order to go wrong to that end. */
  readonly stoppedMsMax: number;
  /** Not counted where the whole process ends. */
  readonly victimErrors: number | null;
}

export interface CrashFigures {
  readonly count: number;
  readonly byKind: Readonly<Partial<Record<CrashKind, KindFigures>>>;
  readonly victimRequests: number;
  readonly victimErrors: number;
  readonly appBackMsP50: number | null;
  readonly appBackMsP99: number | null;
  readonly appBackMsMax: number | null;
  readonly processBackMs: number | null;
  readonly processBackMsP50: number | null;
  readonly spinStoppedMs: number | null;
}

export interface CrashOptions {
  readonly kinds: readonly CrashKind[];
  /** Crashes of each kind. */
  readonly each: number;
  readonly progress: (text: string) => void;
}

export async function measureCrashes({ kinds, each, progress }: CrashOptions): Promise<CrashFigures> {
  const byKind = new Map<CrashKind, KindFigures>();
  const all: Crash[] = [];
  const victim = { requests: 0, errors: 0 };
  const neighbours = new Neighbours();
  const apps = await neighbours.start();
  const note = (kind: CrashKind, crashes: readonly Crash[], victimErrors: number | null): void => {
    all.push(...crashes);
    const figures = figuresOf(crashes, victimErrors);
    byKind.set(kind, figures);
    progress(`${kind}: ${JSON.stringify(figures)}`);
  };
  const contained = kinds.filter(isContained);
  if (contained.length > 0) {
    const bed = await startBed(apps);
    for (const kind of contained) {
      const crashes: Crash[] = [];
      const { latenciesMs, failed } = await neighbours.steadyDuring(bed.victimPort, async () => {
        for (let left = each; left > 0; left -= BATCH) {
          crashes.push(...(await bed.crashInTurn(kind, Math.min(left, BATCH))));
        }
      });
      victim.requests += latenciesMs.length + failed;
      victim.errors += failed;
      note(kind, crashes, failed);
    }
    await bed.node.stop();
  }
  for (const kind of kinds.filter((kind) => !isContained(kind))) {
    const crashes: Crash[] = [];
    for (let count = 0; count < each; count++) {
      // A proxy that had been healthy: one that dies again and again is started later and later.
      const bed = await startBed(apps);
      crashes.push(await (isHostSignal(kind) ? bed.kill(HOST_SIGNALS[kind]) : bed.crashAll(kind)));
      await bed.node.stop();
    }
    note(kind, crashes, null);
  }
  neighbours.stop();
  return { ...totalsOf(all, byKind), victimRequests: victim.requests, victimErrors: victim.errors };
}

let beds = 0;

async function startBed(apps: { readonly victim: number; readonly neighbour: number }): Promise<CrashBed> {
  beds += 1;
  const socketPath = join(tmpdir(), `berth-bench-faults-${process.pid}-${beds}`);
  const flags = ["--linger-seconds=0"];
  const node = await SharedNode.start({ entry: ENTRY, flags, env: { [FAULT_SOCKET_VARIABLE]: socketPath } });
  const { inbound: victimPort } = await node.addApp("victim");
  node.addPod("victim", apps.victim);
  await node.untilServing("victim");
  return new CrashBed({ node, socketPath, victimPort, appPort: apps.neighbour });
}

function isContained(kind: CrashKind): kind is (typeof CONTAINED_FAULTS)[number] {
  return CONTAINED_FAULTS.some((fault) => fault === kind);
}

function isHostSignal(kind: CrashKind): kind is keyof typeof HOST_SIGNALS {
  return Object.hasOwn(HOST_SIGNALS, kind);
}

function figuresOf(crashes: readonly Crash[], victimErrors: number | null): KindFigures {
  const backs = crashes.map(({ backMs }) => backMs);
  return {
    count: crashes.length,
    processes: crashes.filter(({ wasProcess }) => wasProcess).length,
    backMsP50: rounded(median(backs)),
    backMsMax: rounded(max(backs)),
    stoppedMsMax: rounded(max(crashes.map(({ stoppedMs }) => stoppedMs))),
    victimErrors,
  };
}

function totalsOf(crashes: readonly Crash[], byKind: ReadonlyMap<CrashKind, KindFigures>) {
  const app = crashes.filter(({ wasProcess }) => !wasProcess).map(({ backMs }) => backMs);
  const host = crashes.filter(({ wasProcess }) => wasProcess).map(({ backMs }) => backMs);
  const of = (values: readonly number[], measure: (values: number[]) => number): number | null =>
    values.length === 0 ? null : rounded(measure([...values]));
  return {
    count: crashes.length,
    byKind: Object.fromEntries(byKind),
    appBackMsP50: of(app, median),
    appBackMsP99: of(app, (values) => quantile(values, 0.99)),
    appBackMsMax: of(app, max),
    processBackMs: of(host, max),
    processBackMsP50: of(host, median),
    spinStoppedMs: byKind.get("endless-loop")?.stoppedMsMax ?? null,
  };
}
