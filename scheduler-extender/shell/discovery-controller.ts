// The discovery controller: follows Services and our own EndpointSlices beside the cluster that the cache shows, and
// sends the writes that keep node-level slices in line. Every replica follows, the leader alone writes.

import type { ServiceView } from "#model/service-view.ts";
import { isAlreadyExists, isConflict, isNotFound, KubeApiError } from "#kube/api-error.ts";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { decodeService } from "#kube/decode-service.ts";
import { LogGate } from "#kube/log-gate.ts";
import { decodeNodeSlice, MANAGED_SELECTOR, nodeSliceObject } from "#kube/node-slice.ts";
import { objectIdentity } from "#kube/object-identity.ts";
import { Reflector } from "#kube/reflector.ts";
import { ENDPOINT_SLICES, resourcePath, SERVICES } from "#kube/resource-path.ts";
import { TokenBucket } from "#kube/token-bucket.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { Discovery, type SliceWrite, type WriteOutcome } from "../policy/discovery.ts";
import type { StoredSlice } from "../policy/slice-changes.ts";
import type { DiscoveryMetrics } from "./discovery-metrics.ts";

export interface DiscoveryControllerOptions {
  readonly connection: Pick<KubeConnection, "request" | "watch" | "create" | "replace" | "delete">;
  readonly metrics: (discovery: Discovery) => DiscoveryMetrics;
  readonly logger: Logger;
  /** Leads, and its view of the cluster can be trusted. */
  readonly mayAct: () => boolean;
  /** What the cache knows of a node and of an app by now, which its changes only name. */
  readonly seen: SeenCluster;
  /** The machine's: a rate of writes is the API server's business. */
  readonly clock: Clock;
  readonly random: () => number;
}

export interface SeenCluster {
  zoneOf(node: ChangedNode): string | undefined;
  portsOf(app: ChangedApp): Parameters<Discovery["portsSeen"]>[1];
}

type ChangedNode = Extract<ClusterChange, { kind: "node" }>["name"];
type ChangedApp = Extract<ClusterChange, { kind: "profile" }>["app"];

/** A tenth of what placement may write: discovery is never urgent, and each write goes on to every node. */
const WRITE_RATE = { burst: 100, perSecond: 50 };
/** A quarter of the connection's sockets. */
const WRITES_UNDERWAY_MAX = 8;
/** Leadership comes and goes without an event for this loop. */
const LOOK_MS_MAX = 1_000;
const LOG_INTERVAL_MS = 60_000;
/** A turn looks at every Service that waits; more of them a second would not be seen. */
const TURN_MS_MIN = 20;

export class DiscoveryController {
  readonly #options: DiscoveryControllerOptions;
  readonly #discovery = new Discovery();
  readonly #metrics: DiscoveryMetrics;
  readonly #services: Reflector<ServiceView>;
  readonly #slices: Reflector<StoredSlice>;
  readonly #bucket: TokenBucket;
  readonly #failureGate: LogGate;
  readonly #writes = new Set<Promise<void>>();
  #cancel: Cancel = () => undefined;
  #isActing = false;
  #isStopped = false;

  constructor(options: DiscoveryControllerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#metrics = options.metrics(this.#discovery);
    this.#bucket = new TokenBucket(WRITE_RATE, clock.nowMs());
    this.#failureGate = new LogGate(clock, LOG_INTERVAL_MS);
    this.#services = new Reflector<ServiceView>({
      ...options,
      path: resourcePath(SERVICES),
      name: "services",
      decode: decodeService,
      handlers: {
        upserted: (service) => this.#discovery.serviceSeen(service, clock.nowMs()),
        deleted: (service) => this.#discovery.serviceGone(service, clock.nowMs()),
      },
    });
    this.#slices = new Reflector<StoredSlice>({
      ...options,
      path: resourcePath(ENDPOINT_SLICES),
      query: { labelSelector: MANAGED_SELECTOR },
      name: "endpointslices",
      decode: storedSlice,
      handlers: {
        upserted: (stored) => this.#discovery.sliceSeen(stored, clock.nowMs()),
        deleted: (stored) => this.#discovery.sliceGone(stored, clock.nowMs()),
      },
    });
  }

  start(): void {
    this.#services.start();
    this.#slices.start();
    this.#turn();
  }

  /** A change that was applied to the cache. */
  changed(change: ClusterChange): void {
    const { clock, seen } = this.#options;
    const nowMs = clock.nowMs();
    if (change.kind === "pod") this.#discovery.podChanged(change.before, change.after, nowMs);
    else if (change.kind === "node") this.#discovery.nodeSeen(change.name, seen.zoneOf(change.name), nowMs);
    else if (change.kind === "profile")
      this.#discovery.portsSeen(change.app, seen.portsOf(change.app), nowMs);
  }

  /** No more writes; what was sent is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await Promise.all([this.#services.stop(), this.#slices.stop(), ...this.#writes]);
  }

  #turn(): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#decide();
    const { clock } = this.#options;
    const dueMs = this.#isActing ? this.#discovery.nextLookMs() - clock.nowMs() : Infinity;
    const waitMs = Math.max(dueMs, this.#bucket.waitMs(clock.nowMs()), TURN_MS_MIN);
    // A full house is looked at again when one of its writes has its answer.
    this.#cancel = clock.after(Math.min(LOOK_MS_MAX, waitMs), () => this.#turn());
  }

  #decide(): void {
    const { mayAct, clock } = this.#options;
    // A Service or a slice that is not listed yet must not look like one that is gone.
    const canAct = mayAct() && this.#services.isSynced && this.#slices.isSynced;
    const nowMs = clock.nowMs();
    if (canAct && !this.#isActing) this.#discovery.lookAtAll(nowMs);
    this.#isActing = canAct;
    if (!canAct) return;
    let room = WRITES_UNDERWAY_MAX - this.#writes.size;
    while (room > 0 && this.#bucket.waitMs(nowMs) === 0) {
      const [write] = this.#discovery.decide(nowMs, 1);
      if (write === undefined) return;
      this.#bucket.take(nowMs);
      room -= 1;
      const writing = this.#write(write).finally(() => {
        this.#writes.delete(writing);
        this.#turn();
      });
      this.#writes.add(writing);
    }
  }

  async #write(write: SliceWrite): Promise<void> {
    const { clock, logger } = this.#options;
    const outcome = await this.#sent(write);
    this.#discovery.answered(write, outcome, clock.nowMs());
    this.#metrics.written(write.kind, outcome.kind);
    if (outcome.kind !== "failed") return;
    this.#failureGate.pass((suppressed) =>
      logger.warn(
        { write: write.kind, service: write.service, error: outcome.message, suppressed },
        "endpoint slice not written",
      ),
    );
  }

  async #sent(write: SliceWrite): Promise<WriteOutcome & { readonly message?: string }> {
    try {
      const stored = await this.#send(write);
      return { kind: "done", ...(stored !== undefined && { stored }) };
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      if (write.kind === "delete" && isNotFound(error)) return { kind: "done" };
      const isOtherVersion = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
      // A namespace that is being deleted takes nothing new, and its Services are about to go.
      return {
        kind: isOtherVersion && error instanceof KubeApiError ? "changed" : "failed",
        message: error.message,
      };
    }
  }

  async #send(write: SliceWrite): Promise<StoredSlice | undefined> {
    const { connection } = this.#options;
    const namespace = write.service.slice(0, write.service.indexOf("/"));
    const collection = resourcePath({ ...ENDPOINT_SLICES, namespace });
    const path = resourcePath({ ...ENDPOINT_SLICES, namespace, name: write.name });
    switch (write.kind) {
      case "create":
        return storedSlice(
          await connection.create(collection, nodeSliceObject({ ...write.slice, name: write.name })),
        );
      case "update":
        return storedSlice(
          await connection.replace(path, nodeSliceObject(write.slice, write.stored.resourceVersion)),
        );
      case "delete": {
        const { uid, resourceVersion } = write.stored;
        await connection.delete(path, { preconditions: { uid, resourceVersion } });
        return undefined;
      }
    }
  }
}

function storedSlice(raw: unknown): StoredSlice {
  const { uid, resourceVersion } = objectIdentity(raw);
  return { slice: decodeNodeSlice(raw), uid, resourceVersion };
}
