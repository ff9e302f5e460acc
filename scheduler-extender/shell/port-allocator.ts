// Gives each app its two ports, kept in its MeshProfile's status with a condition that says so: the profile is made if
// the app has none. One write at a time, by the leader only; the API server's resourceVersion check settles what remains
// of a race, and keeps the conditions of other writers: the list that is written is the one that was read, but for ours.

import { splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import type { AppPorts, MeshProfile } from "#model/mesh-profile.ts";
import { isConflict } from "#kube/api-error.ts";
import { serverSideApply } from "#kube/apply.ts";
import { type Condition, withCondition } from "#kube/condition.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { decodeMeshProfile, PORTS_ALLOCATED } from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import type { Clock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { Logger } from "#runtime/logger.ts";
import { allocatePorts, type PortRange } from "../policy/ports.ts";
import { portsCondition } from "../policy/ports-condition.ts";
import type { PortMetrics } from "./port-metrics.ts";

export interface PortAllocatorOptions {
  readonly connection: KubeConnection;
  /** What the watch shows. */
  readonly profiles: SeenProfiles;
  readonly isLeader: () => boolean;
  readonly range: PortRange;
  /** For the times in conditions. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PortMetrics;
}

export interface SeenProfiles {
  get(app: AppName): MeshProfile | undefined;
  values(): Iterable<MeshProfile>;
  /** Profiles that could not be read, and are not among these, counted each time that one was met. */
  readonly decodeFailures: number;
}

/** A webhook's caller waits 2 s at most; what takes longer goes on, and the next pod finds it done. */
const WAIT_MS_MAX = 1_000;
/** Apps whose ports are being allocated at once; pods of further new apps start without the mesh. */
const QUEUE_LENGTH_MAX = 500;
const ATTEMPTS_MAX = 3;
const FIELD_MANAGER = "berth-scheduler-extender";

export class PortAllocator {
  readonly #options: PortAllocatorOptions;
  /** Allocated here and perhaps not seen in the watch yet. */
  readonly #granted = new Map<AppName, AppPorts>();
  readonly #underway = new Map<AppName, Promise<AppPorts | undefined>>();
  #queue: Promise<unknown> = Promise.resolve();
  #lastPort: number | undefined;

  constructor(options: PortAllocatorOptions) {
    this.#options = options;
  }

  /** The app's ports if it has them already. */
  knownPortsOf(app: AppName): AppPorts | undefined {
    // What the watch shows comes first: a profile may have been made anew since the grant.
    return this.#options.profiles.get(app)?.ports ?? this.#granted.get(app);
  }

  /** The app's ports, allocating them if need be; undefined if that is not possible now. */
  async portsOf(app: AppName): Promise<AppPorts | undefined> {
    const known = this.knownPortsOf(app);
    if (known !== undefined) return known;
    if (!this.#options.isLeader()) return undefined;
    let allocation = this.#underway.get(app);
    if (allocation === undefined) {
      if (this.#underway.size >= QUEUE_LENGTH_MAX) return undefined;
      allocation = this.#enqueue(app, () => this.#allocatedPorts(app));
    }
    return Promise.race([allocation, timeout(WAIT_MS_MAX)]);
  }

  /**
   * Has the status of an app's profile speak of its present spec, with one read and at most one write. Does nothing
   * without ports, and none of it is tried again: whoever sees the profile still out of date calls again.
   */
  async refreshStatus(app: AppName): Promise<void> {
    if (!this.#options.isLeader() || this.#underway.has(app)) return;
    await this.#enqueue(app, () => this.#refreshed(app));
  }

  /** Resolves when nothing is being allocated. */
  async whenIdle(): Promise<void> {
    await this.#queue;
  }

  #enqueue(app: AppName, task: () => Promise<AppPorts | undefined>): Promise<AppPorts | undefined> {
    const allocation = this.#queue.then(() => this.#guarded(app, task));
    this.#underway.set(app, allocation);
    this.#queue = allocation.finally(() => this.#underway.delete(app));
    return allocation;
  }

  async #guarded(app: AppName, task: () => Promise<AppPorts | undefined>): Promise<AppPorts | undefined> {
    try {
      return await task();
    } catch (error) {
      // One app's malformed profile must not stop the allocations behind it.
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      this.#options.logger.warn({ app, error: error.message }, "status of the profile not written");
      return undefined;
    }
  }

  async #allocatedPorts(app: AppName): Promise<AppPorts | undefined> {
    const { metrics } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#write(app);
      } catch (error) {
        metrics.attempted(isConflict(error) ? "conflict" : "failed");
        if (!isConflict(error) || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #write(app: AppName): Promise<AppPorts | undefined> {
    const { connection, range, logger } = this.#options;
    const object = await appliedProfile(connection, app);
    const existing = decodeMeshProfile(object).ports;
    if (existing !== undefined) return this.#grant(app, existing);
    const taken = [...this.#seen(), ...(await this.#refusedPorts()), ...this.#granted.values()];
    const used = new Set(taken.flatMap(({ inbound, outbound }) => [inbound, outbound]));
    const ports = allocatePorts(used, { range, afterPort: this.#lastPort });
    if (ports === undefined) {
      logger.warn({ app, first: range.first, last: range.last }, "the port range is used up");
      this.#options.metrics.attempted("exhausted");
      await this.#writeStatus(app, object, undefined);
      return undefined;
    }
    this.#lastPort = ports.inbound;
    await this.#writeStatus(app, object, ports);
    this.#options.metrics.attempted("allocated");
    return this.#grant(app, ports);
  }

  async #refreshed(app: AppName): Promise<AppPorts | undefined> {
    const object = await readProfile(this.#options.connection, app);
    const ports = object === undefined ? undefined : decodeMeshProfile(object).ports;
    if (object === undefined || ports === undefined) return undefined;
    await this.#writeStatus(app, object, ports);
    return ports;
  }

  /** Writes the ports, if there are any, and the condition that speaks of them, where `object` says otherwise. */
  async #writeStatus(app: AppName, object: RawProfile, ports: AppPorts | undefined): Promise<void> {
    const { connection, range, clock } = this.#options;
    const { generation, resourceVersion } = object.metadata;
    const condition = {
      type: PORTS_ALLOCATED,
      ...portsCondition(ports, range),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const conditions = withCondition(object.status?.conditions ?? [], condition, clock.nowMs());
    const isNew = ports !== undefined && object.status?.ports === undefined;
    if (conditions === undefined && !isNew) return;
    const status = { ...(isNew && { ports }), ...(conditions !== undefined && { conditions }) };
    await connection.patch(
      resourcePath({ ...MESH_PROFILES, ...splitAppName(app), subresource: "status" }),
      { metadata: { resourceVersion }, status },
      { type: "merge" },
    );
  }

  #grant(app: AppName, ports: AppPorts): AppPorts {
    this.#granted.set(app, ports);
    return ports;
  }

  // A profile of a later version, after a way back to this one, is refused for a field that is unknown here: its app's
  // ports are in use all the same.
  async #refusedPorts(): Promise<readonly AppPorts[]> {
    const { profiles, connection } = this.#options;
    if (profiles.decodeFailures === 0) return [];
    const { items } = (await connection.get(resourcePath(MESH_PROFILES))) as {
      readonly items: readonly RawProfile[];
    };
    return items.flatMap(({ status }) => status?.ports ?? []);
  }

  // What the watch shows; what it shows no longer needs to be remembered here.
  #seen(): readonly AppPorts[] {
    const seen: AppPorts[] = [];
    for (const { app, ports } of this.#options.profiles.values()) {
      if (ports === undefined) continue;
      seen.push(ports);
      this.#granted.delete(app);
    }
    return seen;
  }
}

/** As read. */
interface RawProfile {
  readonly metadata: { readonly resourceVersion: string; readonly generation?: number };
  readonly status?: { readonly ports?: AppPorts; readonly conditions?: readonly Condition[] };
}

// Applying nothing but the name makes the profile if there is none, and leaves one that exists as it is.
async function appliedProfile(connection: KubeConnection, app: AppName): Promise<RawProfile> {
  const metadata = splitAppName(app);
  const profile = { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", metadata };
  const path = resourcePath({ ...MESH_PROFILES, ...metadata });
  return (await serverSideApply(connection, path, profile, { fieldManager: FIELD_MANAGER })) as RawProfile;
}

// As a list of one: the right to list and watch profiles is there anyway, and covers it.
async function readProfile(connection: KubeConnection, app: AppName): Promise<RawProfile | undefined> {
  const { namespace, name } = splitAppName(app);
  const path = resourcePath({ ...MESH_PROFILES, namespace });
  const query = { fieldSelector: `metadata.name=${name}` };
  const { items } = (await connection.get(path, query)) as { readonly items: readonly RawProfile[] };
  return items[0];
}

async function timeout(delayMs: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), delayMs).unref();
  });
}
