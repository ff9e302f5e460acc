// The other proxies of this node while one takes over from another, as this one knows them: what they serve, whether
// they are ready, and what they have counted. Usually there are none.

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

import { InstanceCounters } from "./instance-counters.ts";
import type { PeerLink } from "./peer-link.ts";
import type { HookEvent, PeerStatus } from "./peer-messages.ts";

/** `predecessor`: it was there before this one. */
export type SiblingRole = "predecessor" | "successor";

export interface SiblingsListener {
  /** Somebody came, went or said something. */
  changed(): void;
  hooked(event: HookEvent): void;
}

/** More than one successor is a pod that was replaced before it was ready and whose process has not ended yet. */
const SIBLINGS_MAX = 4;

interface Sibling {
  readonly role: SiblingRole;
  status: PeerStatus | undefined;
  counts: ReadonlyMap<AppName, InstanceCounters>;
}

export class Siblings {
  readonly #listener: SiblingsListener;
  readonly #siblings = new Map<PeerLink, Sibling>();
  /** What those who have gone had counted. */
  readonly #inherited = new Map<AppName, InstanceCounters>();
  #announced = "";

  constructor(listener: SiblingsListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#siblings.size;
  }

  get isFull(): boolean {
    return this.#siblings.size >= SIBLINGS_MAX;
  }

  /** Somebody is there who does not end. */
  get hasCompany(): boolean {
    return this.#some(({ status }) => status?.isEnding !== true);
  }

  get hasPredecessor(): boolean {
    return this.#some(({ role }) => role === "predecessor");
  }

  /** A successor that has not taken over yet, which is the only one that kubelet can be asking a start-up probe for. */
  get hasStartingSuccessor(): boolean {
    return this.#some(({ role, status }) => role === "successor" && status?.isReady !== true);
  }

  get hasReadySuccessor(): boolean {
    return this.#some(({ role, status }) => role === "successor" && status?.isReady === true);
  }

  /** A successor answers for the node, and means to go on. */
  get isControlWithSuccessor(): boolean {
    return this.#some(
      ({ role, status }) => role === "successor" && status?.holdsControl === true && !status.isEnding,
    );
  }

  serves(app: AppName, ports: AppPorts): boolean {
    return this.#some(
      ({ status }) =>
        status !== undefined &&
        !status.isEnding &&
        status.serving.some(
          (served) =>
            served.app === app &&
            served.ports.inbound === ports.inbound &&
            served.ports.outbound === ports.outbound,
        ),
    );
  }

  adopt(link: PeerLink, role: SiblingRole): void {
    const sibling: Sibling = { role, status: undefined, counts: new Map() };
    this.#siblings.set(link, sibling);
    this.#announced = "";
    link.listen({
      heard: (message) => {
        if (message.kind === "status") sibling.status = message.status;
        else if (message.kind === "counts") sibling.counts = countersOf(message.counts);
        else if (message.kind === "hook") this.#listener.hooked(message.event);
        this.#listener.changed();
      },
      closed: () => {
        this.#siblings.delete(link);
        for (const [app, counters] of sibling.counts) {
          counters.closeBooks();
          addTo(this.#inherited, app, counters);
        }
        this.#listener.changed();
      },
    });
    this.#listener.changed();
  }

  /** Says it to all, if it is news. */
  announce(status: PeerStatus): void {
    const text = JSON.stringify(status);
    if (text === this.#announced) return;
    this.#announced = text;
    for (const link of this.#siblings.keys()) link.send({ kind: "status", status });
  }

  relay(event: HookEvent): void {
    for (const link of this.#siblings.keys()) link.send({ kind: "hook", event });
  }

  /** To those who answer for the node. @param own what this proxy's instances counted. */
  tellCounts(own: Iterable<readonly [AppName, InstanceCounters]>): void {
    const sums = new Map<AppName, InstanceCounters>();
    for (const [app, counters] of this.#inherited) addTo(sums, app, counters);
    for (const [app, counters] of own) addTo(sums, app, counters);
    const counts = [...sums].map(([app, counters]) => [app, counters.values()] as const);
    for (const [link, { status }] of this.#siblings) {
      if (status?.holdsControl === true) link.send({ kind: "counts", counts });
    }
  }

  /** What others counted for the node, those who have gone included. */
  counts(): readonly (readonly [AppName, InstanceCounters])[] {
    const all = [...this.#inherited];
    for (const { counts } of this.#siblings.values()) all.push(...counts);
    return all;
  }

  close(): void {
    for (const link of this.#siblings.keys()) link.close();
  }

  #some(isSo: (sibling: Sibling) => boolean): boolean {
    return [...this.#siblings.values()].some(isSo);
  }
}

function countersOf(
  counts: readonly (readonly [AppName, readonly number[]])[],
): ReadonlyMap<AppName, InstanceCounters> {
  const known = new Map<AppName, InstanceCounters>();
  for (const [app, values] of counts) {
    const counters = new InstanceCounters();
    if (counters.addAll(values)) known.set(app, counters);
  }
  return known;
}

function addTo(sums: Map<AppName, InstanceCounters>, app: AppName, counters: InstanceCounters): void {
  const sum = sums.get(app) ?? new InstanceCounters();
  sum.addAll(counters.values());
  sums.set(app, sum);
}
