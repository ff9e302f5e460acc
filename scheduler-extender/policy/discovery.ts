// Keeps node-level slices in line with Services, pods and proxies: state and event in, writes out. What changes within a
// short time is written together, a Service has one round of writes underway, and what the API server holds is the only
// memory, so that whoever leads next goes on from there and writes nothing that is right already.

import type { AppName, NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { type EntryState, publishableFamily } from "#model/node-slice.ts";
import type { ServiceView } from "#model/service-view.ts";
import { HostedPods, type PodCounts, servingState } from "./hosted-pods.ts";
import { movedNodes, type ProxyState } from "./moved-nodes.ts";
import { NodeProxies } from "./node-proxies.ts";
import { isSelected, serviceRoute, type ServiceRoute } from "./service-route.ts";
import {
  type DesiredEntry,
  type DesiredSlices,
  type SliceChange,
  sliceChanges,
  type StoredSlice,
} from "./slice-changes.ts";
import { StoredSlices } from "./stored-slices.ts";

/** One write for the shell, and the Service that it is for. */
export type SliceWrite = SliceChange & {
  readonly service: string;
  /** Of the slice; for a new one a name that is free as far as is known. */
  readonly name: string;
};

/** changed: the object is not what it was decided on, and the watch will say what it is. */
export type WriteOutcome =
  | { readonly kind: "done"; readonly stored?: StoredSlice }
  | { readonly kind: "changed" | "failed" };

/**
 * A rollout replaces a pod in seconds and a node in more: half a second puts its pieces into one write, and nobody waits
 * for them, since the pods that go still serve and the nodes that come are not missed yet.
 */
const BATCH_MS = 500;
const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 60_000;

export class Discovery {
  readonly #pods = new HostedPods();
  readonly #proxies = new NodeProxies();
  readonly #services = new Map<string, ServiceView>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #ports = new Map<AppName, AppPorts>();
  readonly #slices = new StoredSlices();
  readonly #routes = new Map<string, ServiceRoute>();
  readonly #dueMs = new Map<string, number>();
  readonly #underway = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  podChanged(before: PodView | undefined, after: PodView | undefined, nowMs: number): void {
    const node = this.#proxies.podChanged(before, after);
    if (node !== undefined) this.#nodeChanged(node, nowMs);
    for (const { namespace, app, traits } of this.#pods.change(before, after)) {
      for (const key of this.#byNamespace.get(namespace) ?? []) {
        const selector = this.#services.get(key)?.selector ?? {};
        const isConcerned = isSelected(traits.labels, selector) || dependsOn(this.#routes.get(key), app);
        if (isConcerned) this.#mark(key, nowMs);
      }
    }
  }

  /** @param zone undefined once the node is gone. */
  nodeSeen(node: NodeName, zone: string | undefined, nowMs: number): void {
    if (this.#proxies.nodeSeen(node, zone)) this.#nodeChanged(node, nowMs);
  }

  portsSeen(app: AppName, ports: AppPorts | undefined, nowMs: number): void {
    if (this.#ports.get(app)?.inbound === ports?.inbound) return;
    if (ports === undefined) this.#ports.delete(app);
    else this.#ports.set(app, ports);
    this.#markNamespace(app.slice(0, app.indexOf("/")), nowMs);
  }

  serviceSeen(service: ServiceView, nowMs: number): void {
    const key = `${service.namespace}/${service.name}`;
    this.#services.set(key, service);
    const siblings = this.#byNamespace.get(service.namespace) ?? new Set();
    this.#byNamespace.set(service.namespace, siblings.add(key));
    this.#mark(key, nowMs);
  }

  serviceGone({ namespace, name }: ServiceView, nowMs: number): void {
    const key = `${namespace}/${name}`;
    this.#services.delete(key);
    this.#routes.delete(key);
    this.#byNamespace.get(namespace)?.delete(key);
    this.#mark(key, nowMs);
  }

  sliceSeen(stored: StoredSlice, nowMs: number): void {
    for (const { node, address } of stored.slice.entries) this.#proxies.remember(node, address);
    if (this.#slices.upsert(stored)) this.#mark(serviceOf(stored), nowMs);
  }

  sliceGone(stored: StoredSlice, nowMs: number): void {
    if (this.#slices.remove(stored)) this.#mark(serviceOf(stored), nowMs);
  }

  /** Somebody else may have written meanwhile: every Service is looked at again, and most are found as they should be. */
  lookAtAll(nowMs: number): void {
    for (const key of [...this.#services.keys(), ...this.#slices.services()]) this.#dueMs.set(key, nowMs);
  }

  /** The next writes, Services that wait longest first. A Service is looked at again once its writes are answered. */
  decide(nowMs: number, writesMax: number): readonly SliceWrite[] {
    const writes: SliceWrite[] = [];
    const due = [...this.#dueMs].filter(([key, dueMs]) => dueMs <= nowMs && !this.#underway.has(key));
    for (const [key] of due.toSorted(([, one], [, other]) => one - other)) {
      if (writes.length >= writesMax) break;
      const changes = this.#changesOf(key);
      const taken = changes.slice(0, writesMax - writes.length);
      // What found no place this time is found again, since it is still not as it should be.
      if (taken.length === changes.length) this.#dueMs.delete(key);
      if (taken.length > 0) this.#underway.set(key, taken.length);
      writes.push(...this.#named(key, taken));
    }
    return writes;
  }

  answered({ service, kind, name, ...change }: SliceWrite, outcome: WriteOutcome, nowMs: number): void {
    const left = (this.#underway.get(service) ?? 1) - 1;
    if (left > 0) this.#underway.set(service, left);
    else this.#underway.delete(service);
    if (outcome.kind === "done") {
      this.#failures.delete(service);
      if (outcome.stored !== undefined) this.#slices.upsert(outcome.stored);
      else if ("stored" in change) this.#slices.remove(change.stored);
      return;
    }
    if (outcome.kind === "changed") {
      // The name of a new slice is taken: by an earlier attempt that the watch will show, or by a stranger.
      if (kind === "create") this.#slices.nameTaken(service, name);
      this.#dueMs.set(service, nowMs + BATCH_MS);
      return;
    }
    const failures = (this.#failures.get(service) ?? 0) + 1;
    this.#failures.set(service, failures);
    this.#dueMs.set(
      service,
      nowMs + Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** Math.min(failures - 1, 10)),
    );
  }

  /** When something is due; Infinity if nothing waits for time alone. */
  nextLookMs(): number {
    let next = Infinity;
    for (const [key, dueMs] of this.#dueMs) if (!this.#underway.has(key)) next = Math.min(next, dueMs);
    return next;
  }

  get isIdle(): boolean {
    return this.#dueMs.size === 0 && this.#underway.size === 0;
  }

  /** Of every Service, as of the last look at it. */
  routes(): Iterable<ServiceRoute> {
    return this.#routes.values();
  }

  slices(): Iterable<StoredSlice> {
    return this.#slices.all();
  }

  /** In line with what is known now. */
  #changesOf(key: string): readonly SliceChange[] {
    const service = this.#services.get(key);
    const stored = this.#slices.of(key);
    if (service === undefined) return sliceChanges(undefined, stored);
    const route = serviceRoute(service, {
      groups: this.#pods.groupsIn(service.namespace),
      portsOf: (app) => this.#ports.get(app),
      hasProxy: (node) => this.#proxies.addressOf(node) !== undefined,
    });
    this.#routes.set(key, route);
    return sliceChanges(this.#desired(service, route), stored);
  }

  #desired(service: ServiceView, route: ServiceRoute): DesiredSlices | undefined {
    if (route.kind === "direct") return undefined;
    const { namespace, name, uid, clusterIps } = service;
    const { app, inboundPort, servicePorts } = route;
    const moved = this.#movedNodes(`${namespace}/${name}`, route.nodes);
    return {
      head: { namespace, service: name, serviceUid: uid, app, inboundPort, servicePorts, clusterIps },
      entries: [...route.nodes].flatMap(([node, counts]) => {
        const takeover = moved.has(node) ? "others" : route.nodes.size > 1 ? "later" : "nobody";
        return this.#entry(node, counts, takeover) ?? [];
      }),
    };
  }

  #movedNodes(key: string, nodes: ReadonlyMap<NodeName, PodCounts>): ReadonlySet<NodeName> {
    const hosting = [...nodes].map(([node, { ready: readyPods }]) => ({
      node,
      proxy: this.#proxies.stateOf(node),
      readyPods,
    }));
    const entries = this.#slices.of(key).flatMap(({ slice }) => slice.entries);
    const already = entries.filter(({ state }) => state !== "ready").map(({ node }) => node);
    return movedNodes(hosting, new Set(already));
  }

  #entry(node: NodeName, counts: PodCounts, takeover: Takeover): DesiredEntry | undefined {
    const address = this.#proxies.addressOf(node);
    const family = address === undefined ? undefined : publishableFamily(address);
    if (address === undefined || family === undefined) return undefined;
    const zone = this.#proxies.zoneOf(node);
    const podsState = stateOf(counts);
    const state = withProxy(podsState, this.#proxies.stateOf(node), takeover);
    // A node whose proxy alone is missing is announced, too: after a takeover nothing else tells that there was one.
    return { entry: { node, address, zone, state }, family, isDue: podsState !== "unready" };
  }

  #named(key: string, changes: readonly SliceChange[]): readonly SliceWrite[] {
    const names = this.#slices.freeNames(key);
    return changes.map((change) => ({
      ...change,
      service: key,
      name: change.kind === "create" ? names.next().value : change.stored.slice.name,
    }));
  }

  #nodeChanged(node: NodeName, nowMs: number): void {
    for (const { namespace, app } of this.#pods.groupsOn(node)) {
      if (app !== undefined) this.#markNamespace(namespace, nowMs);
    }
  }

  #markNamespace(namespace: string, nowMs: number): void {
    for (const key of this.#byNamespace.get(namespace) ?? []) this.#mark(key, nowMs);
  }

  #mark(key: string, nowMs: number): void {
    if (!this.#dueMs.has(key)) this.#dueMs.set(key, nowMs + BATCH_MS);
  }
}

/** Whether pods of the app that the Service does not select matter to it. */
function dependsOn(route: ServiceRoute | undefined, app: AppName | undefined): boolean {
  if (route === undefined || app === undefined) return false;
  return route.kind === "byNode" ? route.app === app : route.reason === "partOfApp";
}

function stateOf(counts: PodCounts): EntryState {
  const state = servingState(counts);
  return state === "leaving" ? "terminating" : state;
}

/** Who takes a node's requests once its proxy has been told to end. */
type Takeover = "others" | "later" | "nobody";

/** A proxy that ends serves until others have taken over. Where there are none, the Service is reached directly meanwhile. */
function withProxy(pods: EntryState, proxy: ProxyState, takeover: Takeover): EntryState {
  if (proxy === "absent" || (proxy === "leaving" && takeover === "nobody")) return "unready";
  return proxy === "leaving" && pods === "ready" && takeover === "others" ? "terminating" : pods;
}

function serviceOf({ slice }: StoredSlice): string {
  return `${slice.namespace}/${slice.service}`;
}
