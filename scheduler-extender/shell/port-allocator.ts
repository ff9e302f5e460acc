// Gives each app its two ports, kept in its MeshProfile's status: the profile is made if the app has none. One
// allocation at a time, by the leader only; the API server's resourceVersion check settles what remains of a race.

import { splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import type { AppPorts, MeshProfile } from "#model/mesh-profile.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { serverSideApply } from "#kube/apply.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { Logger } from "#runtime/logger.ts";
import { allocatePorts, type PortRange } from "../policy/ports.ts";

export interface PortAllocatorOptions {
  readonly connection: KubeConnection;
  /** What the watch shows. */
  readonly profiles: SeenProfiles;
  readonly isLeader: () => boolean;
  readonly range: PortRange;
  readonly logger: Logger;
}

export interface SeenProfiles {
  get(app: AppName): MeshProfile | undefined;
  values(): Iterable<MeshProfile>;
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
      allocation = this.#enqueue(app);
    }
    return Promise.race([allocation, timeout(WAIT_MS_MAX)]);
  }

  /** Resolves when nothing is being allocated. */
  async whenIdle(): Promise<void> {
    await this.#queue;
  }

  #enqueue(app: AppName): Promise<AppPorts | undefined> {
    const allocation = this.#queue.then(() => this.#allocate(app));
    this.#underway.set(app, allocation);
    this.#queue = allocation.finally(() => this.#underway.delete(app));
    return allocation;
  }

  async #allocate(app: AppName): Promise<AppPorts | undefined> {
    const { logger } = this.#options;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#write(app);
        } catch (error) {
          const isConflict = error instanceof KubeApiError && error.status === 409;
          if (!isConflict || attempt >= ATTEMPTS_MAX) throw error;
        }
      }
    } catch (error) {
      // One app's malformed profile must not stop the allocations behind it.
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      logger.warn({ app, error: error.message }, "ports not allocated");
      return undefined;
    }
  }

  async #write(app: AppName): Promise<AppPorts | undefined> {
    const { connection, range, logger } = this.#options;
    const { namespace, name } = splitAppName(app);
    const object = await appliedProfile(connection, namespace, name);
    const existing = decodeMeshProfile(object).ports;
    if (existing !== undefined) return this.#grant(app, existing);
    const seen = this.#seen();
    const used = new Set(
      [...seen, ...this.#granted.values()].flatMap(({ inbound, outbound }) => [inbound, outbound]),
    );
    const ports = allocatePorts(used, { range, afterPort: this.#lastPort });
    if (ports === undefined) {
      logger.warn({ app, first: range.first, last: range.last }, "the port range is used up");
      return undefined;
    }
    this.#lastPort = ports.inbound;
    const { resourceVersion } = (object as { metadata: { resourceVersion: string } }).metadata;
    await connection.patch(
      resourcePath({ ...MESH_PROFILES, namespace, name, subresource: "status" }),
      { metadata: { resourceVersion }, status: { ports } },
      { type: "merge" },
    );
    return this.#grant(app, ports);
  }

  #grant(app: AppName, ports: AppPorts): AppPorts {
    this.#granted.set(app, ports);
    return ports;
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

// Applying nothing but the name makes the profile if there is none, and leaves one that exists as it is.
async function appliedProfile(connection: KubeConnection, namespace: string, name: string): Promise<unknown> {
  const path = resourcePath({ ...MESH_PROFILES, namespace, name });
  const profile = { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", metadata: { namespace, name } };
  return serverSideApply(connection, path, profile, { fieldManager: FIELD_MANAGER });
}

async function timeout(delayMs: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), delayMs).unref();
  });
}
