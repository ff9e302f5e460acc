// What discovery by node writes and sends against discovery by pod, over the same life of the same pods: 100 Services of
// 30 pods each on 30 nodes, all started, rolled out anew on the same nodes and then on others, scaled up and down, and
// every node's proxy restarted. With the production code, on a clock of its own. Then what a proxy's table of them takes,
// and how many connections lead from one node to another.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { NodeSlice } from "#model/node-slice.ts";
import { nodeSliceObject } from "#kube/node-slice.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { Discovery, type SliceWrite } from "#scheduler-extender/policy/discovery.ts";
import type { SliceChange, StoredSlice } from "#scheduler-extender/policy/slice-changes.ts";
import { textTable } from "#sim/report/text-table.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { aService } from "#test/builders/a-service.ts";
import { traitsOf } from "#test/builders/pod-traits.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { type ConnectionFigures, measureConnections } from "./discovering/connections.ts";
import { PodDiscovery } from "./discovering/pod-discovery.ts";
import { tableBytes } from "./discovering/table-bytes.ts";

export const discoveryBench: Bench = {
  summary: "entries, updates and connections of discovery by node, against discovery by pod",
  run: benchDiscovery,
};

const SERVICES = 100;
const PODS = 30;
const NODES = 30;
/** Pods of a Service on one node: scattered is the worst for discovery by node, the others are what placement does. */
const PLACEMENTS = { onePerNode: 1, fivePerNode: 5, tenPerNode: 10 } as const;
const PHASES = ["start", "rollout", "rolloutMoved", "scaleUpAndDown", "proxyRestarts"] as const;
type Phase = (typeof PHASES)[number];

/** With `rolloutMoved` every new pod is on a node that had none of its Service, where there is such a node. */
const MOVED_BY = 13;
const READY_AFTER_MS = 3_000;
/** The preStop pause that admission injects. */
const LEAVES_AFTER_MS = 5_000;
/** A Deployment's default surge, a quarter, and as long as its pods take. */
const SURGE = 8;
const TICK_MS = 100;

interface Tally {
  writes: number;
  /** To one watcher; each of the nodes is one. */
  bytes: number;
}

interface Way {
  entries: number;
  /** Of a proxy's heap, once all of them are known. */
  tableBytes: number;
  readonly phases: Record<Phase, Tally>;
}

interface Figures {
  readonly byNode: Way;
  readonly byPod: Way;
}

const CONNECTIONS = { clientPods: 10, serverPods: 10, requestsEach: 300 };
const CONNECTIONS_QUICK = { clientPods: 4, serverPods: 4, requestsEach: 50 };

async function benchDiscovery({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  if (argv.length > 0) {
    throw new UsageError(`bench discovery takes no arguments, but "${argv.join(" ")}" was given`);
  }
  const placements = Object.entries(PLACEMENTS).map(([name, podsPerNode]) => {
    progress(name);
    return [name, new World(podsPerNode).live()] as const;
  });
  const figures = Object.fromEntries(placements.map(([name, figure]) => [name, withRatios(figure)]));
  progress("connections between two nodes");
  const { connections, ...skipped } = await connectionsOf(isQuick ? CONNECTIONS_QUICK : CONNECTIONS);
  return {
    figures: {
      services: SERVICES,
      podsPerService: PODS,
      nodes: NODES,
      placements: figures,
      connections,
      ...skipped,
    },
    table: `${table(placements)}\n\n${connectionTable(connections, skipped.skipped?.connections)}`,
  };
}

interface Connections {
  readonly connections: ConnectionFigures | null;
  readonly skipped?: { readonly connections: string };
}

async function connectionsOf(options: typeof CONNECTIONS): Promise<Connections> {
  try {
    return { connections: await measureConnections(options) };
  } catch (error) {
    const [reason = ""] = (error as Error).message.split("\n");
    return { connections: null, skipped: { connections: `no network namespaces here: ${reason}` } };
  }
}

function connectionTable(figures: ConnectionFigures | null, reason = ""): string {
  if (figures === null) return `connections between nodes: not measured (${reason})`;
  const { clientPods, serverPods, ways } = figures;
  const rows = Object.entries(ways).map(([way, { answered, failed, connectionsMax, connectionsKept }]) =>
    [way, answered, failed, connectionsMax, connectionsKept].map((cell) => ({ text: String(cell) })),
  );
  const head = [`${clientPods} pods call ${serverPods}`, "answered", "failed", "connections", "kept"];
  return textTable(head, rows, { hasColour: false });
}

function withRatios({ byNode, byPod }: Figures): object {
  const total = ({ phases }: Way): Tally => ({
    writes: PHASES.reduce((sum, phase) => sum + phases[phase].writes, 0),
    bytes: PHASES.reduce((sum, phase) => sum + phases[phase].bytes, 0),
  });
  const [node, pod] = [total(byNode), total(byPod)];
  return {
    byNode: { ...byNode, eventsToNodes: node.writes * NODES },
    byPod: { ...byPod, eventsToNodes: pod.writes * NODES },
    entriesRatio: byNode.entries / byPod.entries,
    writesRatio: node.writes / pod.writes,
    bytesRatio: node.bytes / pod.bytes,
  };
}

function table(placements: readonly (readonly [string, Figures])[]): string {
  const rows = placements.flatMap(([name, { byNode, byPod }]) =>
    (
      [
        ["by node", byNode],
        ["by pod", byPod],
      ] as const
    ).map(([way, { entries, tableBytes: bytes, phases }]) =>
      [
        `${name}, ${way}`,
        String(entries),
        `${Math.round(bytes / 1e3)} kB`,
        ...PHASES.map((phase) => `${phases[phase].writes} (${(phases[phase].bytes / 1e6).toFixed(1)} MB)`),
      ].map((text) => ({ text })),
    ),
  );
  const head = ["", "entries", "table", ...PHASES];
  const note = `Writes, and in brackets what they send to one node; there are ${NODES} nodes.`;
  return `${textTable(head, rows, { hasColour: false })}\n\n${note}`;
}

class World {
  readonly #podsPerNode: number;
  readonly #services = Array.from({ length: SERVICES }, (_, index) => aService({ name: `app-${index}` }));
  readonly #byNode = new Discovery();
  readonly #byPod = new PodDiscovery(this.#services);
  readonly #stored = new Map<string, StoredSlice>();
  readonly #events = new Map<number, (() => void)[]>();
  readonly #pods = new Map<string, PodView>();
  readonly #figures: Figures = { byNode: newWay(), byPod: newWay() };
  #phase: Phase = "start";
  #nowMs = 0;
  #made = 0;
  #shift = 0;
  #version = 0;

  constructor(podsPerNode: number) {
    this.#podsPerNode = podsPerNode;
  }

  live(): Figures {
    for (let node = 0; node < NODES; node++) this.#proxy(node, true);
    for (const [index, service] of this.#services.entries()) {
      this.#byNode.portsSeen(
        `shop/${service.name}` as never,
        { inbound: 20_000 + 2 * index, outbound: 1 },
        0,
      );
      this.#byNode.serviceSeen(service, 0);
    }
    const running = this.#services.map((_, app) => {
      // Deployments are not all made in the same second.
      const startMs = app * 50;
      return Array.from({ length: PODS }, (_, slot) => this.#start(app, slot, startMs + slot * 20));
    });
    this.#run();
    this.#count();
    this.#rollOut(running, "rollout");
    this.#shift = MOVED_BY;
    this.#rollOut(running, "rolloutMoved");
    this.#phase = "scaleUpAndDown";
    const more = this.#services.flatMap((_, app) =>
      Array.from({ length: PODS / 2 }, (_, slot) =>
        this.#start(app, slot, this.#nowMs + app * 50 + slot * 20),
      ),
    );
    this.#run();
    for (const [index, name] of more.entries()) this.#end(name, this.#nowMs + index * 20);
    this.#run();
    this.#phase = "proxyRestarts";
    for (let node = 0; node < NODES; node++) {
      this.#at(this.#nowMs + node * 10_000, () => this.#proxy(node, false));
      this.#at(this.#nowMs + node * 10_000 + READY_AFTER_MS, () => this.#proxy(node, true));
    }
    this.#run();
    return this.#figures;
  }

  #rollOut(running: readonly string[][], phase: Phase): void {
    this.#phase = phase;
    for (const [app, names] of running.entries()) {
      for (const [slot, name] of names.entries()) {
        const wave = Math.floor(slot / SURGE) * (READY_AFTER_MS + 500) + app * 50 + (slot % SURGE) * 20;
        names[slot] = this.#start(app, slot, this.#nowMs + wave);
        this.#end(name, this.#nowMs + wave + READY_AFTER_MS + 100);
      }
    }
    this.#run();
  }

  /** Unready at first, ready a moment later. @returns its name. */
  #start(app: number, slot: number, atMs: number): string {
    const name = `app-${app}-${(this.#made += 1)}`;
    const node = `node-${(app * 7 + Math.floor(slot / this.#podsPerNode) + this.#shift) % NODES}`;
    const pod = (isReady: boolean, isTerminating = false): PodView =>
      aPod({ name, app: `app-${app}`, node, isReady, isTerminating, traits: traitsOf(`app-${app}`) });
    this.#at(atMs, () => this.#podIs(name, pod(false)));
    this.#at(atMs + READY_AFTER_MS, () => this.#podIs(name, pod(true)));
    return name;
  }

  #end(name: string, atMs: number): void {
    this.#at(atMs, () => {
      const pod = this.#pods.get(name);
      if (pod !== undefined) this.#podIs(name, { ...pod, isTerminating: true });
    });
    this.#at(atMs + LEAVES_AFTER_MS, () => this.#podIs(name, undefined));
  }

  #podIs(name: string, after: PodView | undefined): void {
    const before = this.#pods.get(name);
    if (after === undefined) this.#pods.delete(name);
    else this.#pods.set(name, after);
    this.#byNode.podChanged(before, after, this.#nowMs);
    this.#byPod.podChanged(before, after, this.#nowMs);
  }

  #proxy(node: number, isReady: boolean): void {
    const name = `node-${node}` as NodeName;
    this.#byNode.nodeSeen(name, "a", this.#nowMs);
    this.#byNode.podChanged(
      aProxy({ node: name, isReady: !isReady }),
      aProxy({ node: name, isReady, address: `10.0.0.${node + 1}` }),
      this.#nowMs,
    );
  }

  #at(atMs: number, task: () => void): void {
    // What is due now happens with the next tick.
    const tick = Math.max(Math.ceil(atMs / TICK_MS) * TICK_MS, this.#nowMs + TICK_MS);
    const tasks = this.#events.get(tick) ?? [];
    tasks.push(task);
    this.#events.set(tick, tasks);
  }

  /** Until nothing is left to happen or to be written. */
  #run(): void {
    while (this.#events.size > 0 || !this.#byNode.isIdle) this.#tick();
    for (let times = 0; times < 20; times++) this.#tick();
  }

  #tick(): void {
    this.#nowMs += TICK_MS;
    for (const task of this.#events.get(this.#nowMs) ?? []) task();
    this.#events.delete(this.#nowMs);
    for (const write of this.#byNode.decide(this.#nowMs, Infinity)) {
      tally(this.#figures.byNode.phases[this.#phase], write);
      this.#carriedOut(write);
    }
    for (const change of this.#byPod.decide(this.#nowMs))
      tally(this.#figures.byPod.phases[this.#phase], change);
  }

  #carriedOut(write: SliceWrite): void {
    if (write.kind === "delete") {
      this.#stored.delete(write.name);
      return this.#byNode.answered(write, { kind: "done" }, this.#nowMs);
    }
    const slice: NodeSlice = { ...write.slice, name: write.name };
    const stored = { slice, uid: write.name, resourceVersion: String((this.#version += 1)) };
    this.#stored.set(write.name, stored);
    this.#byNode.answered(write, { kind: "done", stored }, this.#nowMs);
  }

  #count(): void {
    const sum = (slices: Iterable<StoredSlice>): number =>
      [...slices].reduce((entries, { slice }) => entries + slice.entries.length, 0);
    const [byNode, byPod] = [[...this.#stored.values()], [...this.#byPod.stored.values()].flat()];
    this.#figures.byNode.entries = sum(byNode);
    this.#figures.byPod.entries = sum(byPod);
    this.#figures.byNode.tableBytes = tableBytes(byNode.map(({ slice }) => slice));
    this.#figures.byPod.tableBytes = tableBytes(byPod.map(({ slice }) => slice));
  }
}

function newWay(): Way {
  const none = (): Tally => ({ writes: 0, bytes: 0 });
  return {
    entries: 0,
    tableBytes: 0,
    phases: {
      start: none(),
      rollout: none(),
      rolloutMoved: none(),
      scaleUpAndDown: none(),
      proxyRestarts: none(),
    },
  };
}

function tally(of: Tally, change: SliceChange): void {
  of.writes += 1;
  const slice = change.kind === "delete" ? change.stored.slice : { name: "berth-app-00-0", ...change.slice };
  of.bytes += JSON.stringify(nodeSliceObject(slice)).length;
}
