// The audit log of what the proxy refused or gave up, complete: once a second a line per app, direction and reason with
// how many there were, taken from the counters, which outlive a worker. A flood makes larger numbers, not more lines.

import type { AppName } from "#model/brand.ts";
import type { Logger } from "#runtime/logger.ts";

import type { PodFacts } from "../policy/pod-registry.ts";
import { REASONS } from "../policy/reasons.ts";
import type { ReasonName } from "../policy/reasons.ts";
import type { Instance } from "./instance.ts";
import { DIRECTIONS } from "./instance-counters.ts";
import type { Direction } from "./instance-counters.ts";

type Counted = Pick<Instance, "app" | "counters">;

export class RefusalLog {
  readonly #logger: Pick<Logger, "info" | "warn">;
  /** By app, direction and reason, all that was logged. */
  readonly #logged = new Map<AppName, Map<string, number>>();

  constructor(logger: Pick<Logger, "info" | "warn">) {
    this.#logger = logger;
  }

  turn(instances: readonly Counted[]): void {
    for (const instance of instances) this.#note(instance);
  }

  /** A hook's word counts until the API's is there; these it never had on the node. */
  disowned(pods: readonly PodFacts[]): void {
    for (const { uid, namespace, name, app, address } of pods)
      this.#logger.warn(
        { audit: "hook-refused", reason: "pod-not-on-node", uid, pod: `${namespace}/${name}`, app, address },
        "a hook named a pod that the API has not on this node: it gets no requests any more",
      );
  }

  /** The instance has gone for good. */
  close(instance: Counted): void {
    this.#note(instance);
    this.#logged.delete(instance.app);
  }

  #note({ app, counters }: Counted): void {
    const counts = counters.read();
    for (const direction of DIRECTIONS) this.#log(app, direction, counts[direction].reasons);
  }

  #log(app: AppName, direction: Direction, reasons: Readonly<Partial<Record<ReasonName, number>>>): void {
    let logged = this.#logged.get(app);
    if (logged === undefined) this.#logged.set(app, (logged = new Map()));
    for (const [name, total] of Object.entries(reasons) as [ReasonName, number][]) {
      const key = `${direction} ${name}`;
      const count = total - (logged.get(key) ?? 0);
      if (count <= 0) continue;
      logged.set(key, total);
      const { code, outcome } = REASONS[name];
      this.#logger.info({ app, direction, reason: code, outcome, count }, "refused");
    }
  }
}
