// One instance's part of the service table, in the host: what its worker asked for is followed for it, and no more than a
// worker remembers.

import type { Cancel } from "#runtime/clock.ts";

import type { ServiceNodes } from "../policy/service-nodes.ts";
import type { ServiceTable } from "./service-table.ts";

/** As many names as a worker keeps: an app calls a few dozen others, and any number of hosts that are no Services. */
export const FOLLOWED_MAX = 256;

export type TellService = (name: string, service: ServiceNodes | undefined) => void;

export class FollowedServices {
  readonly #table: ServiceTable | undefined;
  readonly #tell: TellService;
  readonly #followed = new Map<string, Cancel>();

  constructor(table: ServiceTable | undefined, tell: TellService) {
    this.#table = table;
    this.#tell = tell;
  }

  follow(name: string): void {
    if (this.#table === undefined) return this.#tell(name, undefined);
    this.forget(name);
    // The worker forgets the oldest first; this is for one that no longer does as it should.
    const [oldest] = this.#followed.keys();
    if (this.#followed.size >= FOLLOWED_MAX && oldest !== undefined) this.forget(oldest);
    this.#followed.set(
      name,
      this.#table.follow(name, (service) => this.#tell(name, service)),
    );
  }

  forget(name: string): void {
    this.#followed.get(name)?.();
    this.#followed.delete(name);
  }

  /** Its worker has ended, and the next one knows nothing. */
  forgetAll(): void {
    for (const cancel of this.#followed.values()) cancel();
    this.#followed.clear();
  }
}
