// A small cluster whose pods, proxies and Services change at random, and an API server that keeps slices: for races of
// discovery. The expected entries are counted pod by pod, without any of the production code's groups and counts.

import type { AppName, NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ServiceView } from "#model/service-view.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { aService } from "#test/builders/a-service.ts";
import { traitsOf } from "#test/builders/pod-traits.ts";
import { Discovery, type SliceWrite, type WriteOutcome } from "../policy/discovery.ts";
import type { StoredSlice } from "../policy/slice-changes.ts";

export const APPS = ["cart", "wish", "pay"] as const;
export const NODES = ["node-1", "node-2", "node-3", "node-4"] as const;
export const SERVICES: readonly ServiceView[] = [
  ...APPS.map((name) => aService({ name, clusterIps: [] })),
  aService({ name: "canary", selector: { "berth.dev/app": "cart", track: "canary" }, clusterIps: [] }),
];

export type ClusterStep =
  | { readonly kind: "pod"; readonly index: number; readonly change: PodChange }
  | { readonly kind: "podGone"; readonly index: number }
  | { readonly kind: "proxy"; readonly node: number; readonly is: "ready" | "unready" | "gone" }
  | { readonly kind: "service"; readonly index: number; readonly is: "there" | "gone" }
  | { readonly kind: "ports"; readonly app: number; readonly inbound: number | null }
  | { readonly kind: "work"; readonly fate: "done" | "failed" | "answerLost" }
  | { readonly kind: "takeover" };

export interface PodChange {
  readonly app: number;
  readonly node: number;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly isCanary: boolean;
  readonly isMesh: boolean;
}

const BATCH_MS = 1_000;

export class SlicedCluster {
  readonly pods = new Map<number, PodView>();
  readonly proxies = new Map<NodeName, PodView>();
  readonly services = new Map<number, ServiceView>();
  readonly ports = new Map<AppName, number>();
  /** Nodes whose proxies' addresses the leader knows: it has seen a proxy there, or an entry. */
  readonly addressed = new Set<NodeName>();
  readonly stored = new Map<string, StoredSlice>();
  writes = 0;
  #discovery = new Discovery();
  #nowMs = 0;
  #version = 0;

  step(step: ClusterStep): void {
    this.#nowMs += BATCH_MS;
    const discovery = this.#discovery;
    switch (step.kind) {
      case "pod": {
        const before = this.pods.get(step.index);
        const after = podOf(step.index, step.change);
        this.pods.set(step.index, after);
        // A pod that moved was another pod.
        if (before !== undefined && before.nodeName !== after.nodeName) {
          discovery.podChanged(before, undefined, this.#nowMs);
          return discovery.podChanged(undefined, after, this.#nowMs);
        }
        return discovery.podChanged(before, after, this.#nowMs);
      }
      case "podGone":
        discovery.podChanged(this.pods.get(step.index), undefined, this.#nowMs);
        return void this.pods.delete(step.index);
      case "proxy":
        return this.#proxyChanged(NODES[step.node] as NodeName, step.is);
      case "service": {
        const service = SERVICES[step.index];
        if (service === undefined) return;
        if (step.is === "there") {
          this.services.set(step.index, service);
          return discovery.serviceSeen(service, this.#nowMs);
        }
        this.services.delete(step.index);
        return discovery.serviceGone(service, this.#nowMs);
      }
      case "ports": {
        const app = `shop/${APPS[step.app]}` as AppName;
        if (step.inbound === null) this.ports.delete(app);
        else this.ports.set(app, step.inbound);
        return discovery.portsSeen(app, this.#portsOf(app), this.#nowMs);
      }
      case "work":
        return this.#work(step.fate);
      case "takeover":
        return this.takeOver();
    }
  }

  /** Another replica leads: what it knows it has from the API. */
  takeOver(): void {
    const discovery = new Discovery();
    this.#discovery = discovery;
    this.addressed.clear();
    for (const node of this.proxies.keys()) this.addressed.add(node);
    for (const { slice } of this.stored.values()) {
      for (const { node } of slice.entries) this.addressed.add(node);
    }
    for (const pod of [...this.proxies.values(), ...this.pods.values()]) {
      discovery.podChanged(undefined, pod, this.#nowMs);
    }
    for (const app of this.ports.keys()) discovery.portsSeen(app, this.#portsOf(app), this.#nowMs);
    for (const service of this.services.values()) discovery.serviceSeen(service, this.#nowMs);
    for (const slice of this.stored.values()) discovery.sliceSeen(slice, this.#nowMs);
    discovery.lookAtAll(this.#nowMs);
  }

  /** Until nothing is left to do. */
  settle(): void {
    for (let turn = 0; turn < 100 && !this.#discovery.isIdle; turn++) {
      this.#nowMs += 120_000;
      this.#work("done");
    }
  }

  get isIdle(): boolean {
    return this.#discovery.isIdle;
  }

  #proxyChanged(node: NodeName, is: "ready" | "unready" | "gone"): void {
    const before = this.proxies.get(node);
    if (is === "gone") this.proxies.delete(node);
    else {
      this.addressed.add(node);
      this.proxies.set(node, aProxy({ node, isReady: is === "ready", address: addressOf(node) }));
    }
    this.#discovery.podChanged(before, this.proxies.get(node), this.#nowMs);
  }

  #portsOf(app: AppName): { inbound: number; outbound: number } | undefined {
    const inbound = this.ports.get(app);
    return inbound === undefined ? undefined : { inbound, outbound: inbound + 1 };
  }

  #work(fate: "done" | "failed" | "answerLost"): void {
    for (const write of this.#discovery.decide(this.#nowMs, 3)) {
      const outcome = fate === "failed" ? ({ kind: "failed" } as const) : this.#carriedOut(write);
      if (fate === "answerLost") {
        this.#discovery.answered(write, { kind: "failed" }, this.#nowMs);
        // The watch tells.
        const slice = this.stored.get(write.name);
        if (slice !== undefined) this.#discovery.sliceSeen(slice, this.#nowMs);
        else if (write.kind === "delete") this.#discovery.sliceGone(write.stored, this.#nowMs);
      } else this.#discovery.answered(write, outcome, this.#nowMs);
    }
  }

  #carriedOut(write: SliceWrite): WriteOutcome {
    this.writes += 1;
    const live = this.stored.get(write.name);
    if (write.kind === "create") {
      if (live !== undefined) return { kind: "changed" };
      return this.#store({ ...write.slice, name: write.name }, `uid-${(this.#version += 1)}`);
    }
    if (live?.resourceVersion !== write.stored.resourceVersion) return { kind: "changed" };
    if (write.kind === "update") return this.#store(write.slice, live.uid);
    this.stored.delete(write.name);
    return { kind: "done" };
  }

  #store(slice: StoredSlice["slice"], uid: string): WriteOutcome {
    const stored = { slice, uid, resourceVersion: String((this.#version += 1)) };
    this.stored.set(slice.name, stored);
    return { kind: "done", stored };
  }
}

export function addressOf(node: string): string {
  return `10.0.0.${node.slice(-1)}`;
}

function podOf(index: number, change: PodChange): PodView {
  const app = APPS[change.app] ?? "cart";
  const name = `pod-${index}-on-${change.node}`;
  const labels = change.isCanary ? { track: "canary" } : {};
  return aPod({
    name,
    app: change.isMesh ? app : null,
    node: NODES[change.node] ?? "node-1",
    isReady: change.isReady,
    isTerminating: change.isTerminating,
    traits: traitsOf(app, { labels }),
  });
}
