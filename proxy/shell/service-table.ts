// Every Service that is reached by node, once per proxy: instances get those that they ask for, and their changes. What
// changes within a moment is told once. Until the slices are listed, and where they cannot be, the table is empty and
// Services are reached directly.

import type { AppName } from "#model/brand.ts";
import type { NodeEntry, NodeSlice } from "#model/node-slice.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

import { type OwnPlace, serviceNodes, type ServiceNodes } from "../policy/service-nodes.ts";

export interface ServiceTableOptions {
  /** Where this node's own proxy serves. */
  readonly nodeAddress: string;
  readonly clock: Clock;
}

/** Told of the Service behind a name now, and whenever it changed; undefined while it is reached directly. */
export type ServiceListener = (service: ServiceNodes | undefined) => void;

export interface ServiceTableCounts {
  readonly services: number;
  readonly entries: number;
  /** Changes of slices so far, first sight included. */
  readonly updates: number;
  /** Names that instances of this proxy follow. */
  readonly followed: number;
}

/** A rollout changes several slices of a Service one after the other. */
const TELL_MS = 20;

export class ServiceTable {
  readonly #options: ServiceTableOptions;
  /** By `namespace/service`, and there by the slice's name. */
  readonly #slices = new Map<string, Map<string, NodeSlice>>();
  /** Cluster addresses. */
  readonly #byAddress = new Map<string, string>();
  readonly #followers = new Map<string, Set<ServiceListener>>();
  readonly #untold = new Set<string>();
  #zone = "";
  #updates = 0;
  #isTellingDue = false;

  constructor(options: ServiceTableOptions) {
    this.#options = options;
  }

  sliceSeen(slice: NodeSlice): void {
    const key = serviceOf(slice);
    const slices = this.#slices.get(key) ?? new Map<string, NodeSlice>();
    const before = slices.get(slice.name);
    this.#slices.set(key, slices.set(slice.name, slice));
    this.#learnZone(slice);
    this.#changed(key, [...(before?.clusterIps ?? []), ...slice.clusterIps]);
  }

  sliceGone(slice: NodeSlice): void {
    const key = serviceOf(slice);
    const slices = this.#slices.get(key);
    slices?.delete(slice.name);
    if (slices?.size === 0) this.#slices.delete(key);
    this.#changed(key, slice.clusterIps);
  }

  /** @param name `namespace/service`, or a Service's own address. */
  follow(name: string, listener: ServiceListener): Cancel {
    const followers = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, followers.add(listener));
    listener(this.#nodesOf(name));
    return () => {
      followers.delete(listener);
      if (followers.size === 0 && this.#followers.get(name) === followers) this.#followers.delete(name);
    };
  }

  /** That address is a Service's that is reached by node. */
  hasAddress(address: string): boolean {
    return this.#byAddress.has(address);
  }

  /** Other nodes are told to send the app's requests here. */
  isAnnounced(app: AppName): boolean {
    for (const slices of this.#slices.values()) {
      for (const slice of slices.values()) {
        const isHere = slice.app === app && slice.entries.some((entry) => this.#isReadyHere(entry));
        if (isHere) return true;
      }
    }
    return false;
  }

  counts(): ServiceTableCounts {
    let entries = 0;
    for (const slices of this.#slices.values()) {
      for (const slice of slices.values()) entries += slice.entries.length;
    }
    return {
      services: this.#slices.size,
      entries,
      updates: this.#updates,
      followed: this.#followers.size,
    };
  }

  #nodesOf(name: string): ServiceNodes | undefined {
    const slices = this.#slices.get(this.#byAddress.get(name) ?? name);
    const own: OwnPlace = { nodeAddress: this.#options.nodeAddress, zone: this.#zone };
    return slices === undefined ? undefined : serviceNodes(slices.values(), own);
  }

  #changed(key: string, addresses: readonly string[]): void {
    this.#updates += 1;
    this.#untold.add(key);
    const present = new Set(
      [...(this.#slices.get(key)?.values() ?? [])].flatMap(({ clusterIps }) => clusterIps),
    );
    for (const address of addresses) {
      this.#untold.add(address);
      if (present.has(address)) this.#byAddress.set(address, key);
      else if (this.#byAddress.get(address) === key) this.#byAddress.delete(address);
    }
    if (this.#isTellingDue) return;
    this.#isTellingDue = true;
    this.#options.clock.after(TELL_MS, () => this.#tell());
  }

  #tell(): void {
    this.#isTellingDue = false;
    const names = [...this.#untold];
    this.#untold.clear();
    for (const name of names) {
      const followers = this.#followers.get(name);
      if (followers === undefined) continue;
      const service = this.#nodesOf(name);
      for (const listener of followers) listener(service);
    }
  }

  #isReadyHere({ address, state }: NodeEntry): boolean {
    return address === this.#options.nodeAddress && state === "ready";
  }

  /** The proxy may not read nodes; where its own node hosts any app, a slice says its zone. */
  #learnZone({ entries }: NodeSlice): void {
    const own = entries.find(({ address }) => address === this.#options.nodeAddress);
    if (own === undefined || own.zone === this.#zone) return;
    this.#zone = own.zone;
    for (const name of this.#followers.keys()) this.#untold.add(name);
  }
}

function serviceOf({ namespace, service }: NodeSlice): string {
  return `${namespace}/${service}`;
}
