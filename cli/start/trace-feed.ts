// Replays a trace into the API: pods are created and deleted at their times, over HTTP and through admission like
// anyone's. Each app is a ReplicaSet, scaled before its pods come, as its controller would have it.

import { createHash } from "node:crypto";
import type { KubeConnection } from "#kube/connection.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Clock } from "#runtime/clock.ts";
import { Limiter } from "#runtime/limiter.ts";
import type { ObjectStore } from "#sim/loopback/object-store.ts";
import { type TraceEvent, traceEvents } from "#sim/traces/trace-events.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import { TRACE_NAMESPACE } from "./fleet.ts";

export interface TraceFeedOptions {
  readonly connection: KubeConnection;
  /** ReplicaSets have no controller here and are written directly. */
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** Creations at once; a controller manager's own limit is of this order. */
const WRITES_AT_ONCE_MAX = 16;

export class TraceFeed {
  readonly #options: TraceFeedOptions;
  readonly #limiter = new Limiter(WRITES_AT_ONCE_MAX);
  readonly #events: readonly TraceEvent[];
  readonly #originSeconds: number;
  readonly #originMs: number;
  readonly #alive = new Map<string, number>();
  readonly #names = new Map<string, string>();
  #next = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(pods: readonly TracePod[], options: TraceFeedOptions) {
    this.#options = options;
    this.#events = [...traceEvents(pods)];
    this.#originSeconds = this.#events[0]?.atSeconds ?? 0;
    this.#originMs = options.clock.nowMs();
  }

  /** Makes profiles for the apps that the trace limits per node. */
  async createProfiles(pods: readonly TracePod[]): Promise<void> {
    const limits = new Map<string, number>();
    for (const { app, maxPerNode } of pods)
      if (maxPerNode !== undefined) limits.set(objectName(app), maxPerNode);
    await Promise.all(
      [...limits].map(([name, limit]) => this.#limiter.run(() => this.#createProfile(name, limit))),
    );
  }

  get isOver(): boolean {
    return this.#next >= this.#events.length;
  }

  /** When the next event is due; undefined when the trace is over. */
  get nextDueMs(): number | undefined {
    const event = this.#events[this.#next];
    return event === undefined ? undefined : this.#timeMs(event);
  }

  /** When the last event is due. */
  get endMs(): number {
    const last = this.#events.at(-1);
    return last === undefined ? this.#originMs : this.#timeMs(last);
  }

  /** Writes every event that is due; resolves when the API has answered. */
  feed(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#feedDue());
    return this.#writing;
  }

  /** Feeds events at their times until the trace is over or the returned function is called. */
  run(failed: (error: unknown) => void): () => void {
    let isStopped = false;
    let cancel = (): void => undefined;
    const step = async (): Promise<void> => {
      await this.feed();
      const dueMs = this.nextDueMs;
      if (isStopped || dueMs === undefined) return;
      cancel = this.#options.clock.after(Math.max(0, dueMs - this.#options.clock.nowMs()), start);
    };
    const start = (): void => void step().catch(failed);
    start();
    return () => {
      isStopped = true;
      cancel();
    };
  }

  #timeMs({ atSeconds }: TraceEvent): number {
    return this.#originMs + (atSeconds - this.#originSeconds) * 1000;
  }

  async #feedDue(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const due: TraceEvent[] = [];
    for (let event = this.#events[this.#next]; event !== undefined && this.#timeMs(event) <= nowMs;) {
      due.push(event);
      event = this.#events[++this.#next];
    }
    for (const { kind, pod } of due)
      this.#alive.set(pod.app, (this.#alive.get(pod.app) ?? 0) + (kind === "arrival" ? 1 : -1));
    for (const app of new Set(due.map(({ pod }) => pod.app))) this.#scale(app);
    // A pod that comes and goes within one step is created before it is deleted.
    await this.#writeAll(due, "arrival");
    await this.#writeAll(due, "departure");
  }

  async #writeAll(events: readonly TraceEvent[], kind: TraceEvent["kind"]): Promise<void> {
    const pods = events.filter((event) => event.kind === kind).map(({ pod }) => pod);
    await Promise.all(
      pods.map((pod) =>
        this.#limiter.run(() => (kind === "arrival" ? this.#create(pod) : this.#delete(pod))),
      ),
    );
  }

  #scale(app: string): void {
    const { store } = this.#options;
    const key = { namespace: TRACE_NAMESPACE, name: objectName(app) };
    const replicas = this.#alive.get(app) ?? 0;
    const present = store.get("replicasets", key);
    if (replicas === 0 && present !== undefined) store.delete("replicasets", key);
    else if (present !== undefined)
      store.update("replicasets", { ...present, spec: { ...present.spec, replicas } });
    else if (replicas > 0) store.create("replicasets", { metadata: key, spec: { replicas }, status: {} });
  }

  async #create(pod: TracePod): Promise<void> {
    const { connection, store } = this.#options;
    const app = objectName(pod.app);
    const name = `${app}-${objectName(pod.id)}`;
    this.#names.set(pod.id, name);
    const owner = store.get("replicasets", { namespace: TRACE_NAMESPACE, name: app });
    await connection.create(resourcePath({ ...PODS, namespace: TRACE_NAMESPACE }), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED },
        ...(owner === undefined ? {} : { ownerReferences: [ownerReference(app, owner.metadata.uid)] }),
      },
      spec: {
        containers: [
          {
            name: "app",
            image: "example/app",
            resources: {
              requests: {
                cpu: formatCpu(pod.request.cpuMilli),
                memory: formatMemory(pod.request.memoryBytes),
              },
            },
          },
        ],
      },
    });
  }

  async #delete(pod: TracePod): Promise<void> {
    const name = this.#names.get(pod.id);
    if (name === undefined) return;
    this.#names.delete(pod.id);
    try {
      await this.#options.connection.delete(resourcePath({ ...PODS, namespace: TRACE_NAMESPACE, name }));
    } catch (error) {
      // It may have gone by itself.
      if (!(error instanceof KubeApiError) || error.status !== 404) throw error;
    }
  }

  async #createProfile(name: string, maxPodsPerNode: number): Promise<void> {
    await this.#options.connection.create(resourcePath({ ...MESH_PROFILES, namespace: TRACE_NAMESPACE }), {
      apiVersion: "berth.dev/v1alpha1",
      kind: "MeshProfile",
      metadata: { name },
      spec: { placement: { maxPodsPerNode } },
    });
  }
}

function ownerReference(name: string, uid: string): object {
  return { apiVersion: "apps/v1", kind: "ReplicaSet", name, uid, controller: true };
}

// Object names are DNS subdomains: lower case letters, digits, "-" and ".". Short enough for a name made of two.
const NAME_MAX = 63;
const DIGEST_LENGTH = 8;

/** A trace's name as a Kubernetes name; names that would become the same stay apart by a digest. */
function objectName(name: string): string {
  const dotted = name.replaceAll("_", ".");
  const isPlain = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(dotted) && !dotted.includes("..");
  if (isPlain && !name.includes(".") && name.length <= NAME_MAX) return dotted;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, DIGEST_LENGTH);
  const stem = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, NAME_MAX - DIGEST_LENGTH - 1);
  return `${stem.replaceAll(/^-+|-+$/g, "") || "x"}-${digest}`;
}
