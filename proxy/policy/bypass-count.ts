// How many connections the node's mesh pods opened that did not lead to the node's proxy, by app. Counted from what the
// kernel tracks, look after look: a connection is counted when it is first seen. One that is opened and forgotten
// between two looks is missed; the kernel remembers a closed one for tens of seconds.

import type { AppName } from "#model/brand.ts";
import type { TrackedConnection } from "./tracked-connection.ts";

/** service: a Service that the proxy would have reached by node; other: anything else. */
export const BYPASSED = ["service", "other"] as const;
export type Bypassed = (typeof BYPASSED)[number];

export interface BypassView {
  /** By address of a mesh pod on this node; pods on the node's own network, whose address is everybody's, left out. */
  readonly appOf: ReadonlyMap<string, AppName>;
  /** Where the node's proxy is, and whatever else is reached past it on purpose. */
  readonly isMeant: (destination: string, port: number) => boolean;
  readonly isService: (destination: string) => boolean;
}

export class BypassCount {
  readonly #counts = new Map<AppName, Record<Bypassed, number>>();
  #known: ReadonlySet<string> = new Set();

  /** @param connections all that are tracked now. */
  looked(connections: Iterable<TrackedConnection>, { appOf, isMeant, isService }: BypassView): void {
    const known = new Set<string>();
    for (const { source, sourcePort, destination, destinationPort } of connections) {
      const app = appOf.get(source);
      if (app === undefined || isMeant(destination, destinationPort)) continue;
      const key = `${source} ${sourcePort} ${destination} ${destinationPort}`;
      if (known.has(key)) continue;
      known.add(key);
      if (this.#known.has(key)) continue;
      const counts = this.#counts.get(app) ?? { service: 0, other: 0 };
      counts[isService(destination) ? "service" : "other"] += 1;
      this.#counts.set(app, counts);
    }
    this.#known = known;
    const present = new Set(appOf.values());
    for (const app of this.#counts.keys()) if (!present.has(app)) this.#counts.delete(app);
  }

  /** Since the app's first pod came to the node. */
  get counts(): ReadonlyMap<AppName, Readonly<Record<Bypassed, number>>> {
    return this.#counts;
  }
}
