// The DaemonSet's rolling update with surge: on some nodes at a time the next proxy stands beside the present one, and
// kube-scheduler counts both. Where there is no room for it, the node waits for its turn to come again.

import type { NodeName } from "#model/brand.ts";
import { isWithin } from "#model/resources.ts";
import { roomOf } from "./node-room.ts";
import type { ProxiesUpgraded } from "./scenario-event.ts";
import type { ScenarioHost } from "./scenario-host.ts";

const STEP_SECONDS = 60;
/** Turns without room after which a node keeps its proxy. */
const TURNS_MAX = 10;

interface Turn {
  readonly name: NodeName;
  readonly turns: number;
}

export class ProxyUpgrade {
  readonly #host: ScenarioHost;
  readonly #nodesAtOnce: number;
  readonly #stepMs: number;
  readonly #ended: () => void;
  #left: Turn[];

  /** @param ended called once, when no node is left. */
  constructor(host: ScenarioHost, event: ProxiesUpgraded, ended: () => void) {
    const { nodesAtOnce, stepSeconds = STEP_SECONDS } = event;
    this.#host = host;
    this.#nodesAtOnce = nodesAtOnce;
    this.#stepMs = stepSeconds * 1000;
    this.#ended = ended;
    const proxied = [...host.cluster.ledger.nodes()].filter(({ counted }) => counted !== undefined);
    this.#left = proxied.map(({ name }) => ({ name, turns: 0 }));
    this.#step();
  }

  #step(): void {
    if (this.#left.length === 0) return this.#ended();
    const { cluster, clock } = this.#host;
    const doubled: NodeName[] = [];
    for (const { name, turns } of this.#left.splice(0, this.#nodesAtOnce)) {
      const node = cluster.ledger.node(name);
      if (node === undefined) continue;
      // Admission starts the next one as small as it may be, and it grows when the present one is gone.
      if (isWithin(cluster.proxyTemplate, roomOf(node))) {
        cluster.addNextProxy(name);
        doubled.push(name);
      } else if (turns < TURNS_MAX) this.#left.push({ name, turns: turns + 1 });
    }
    clock.after(this.#stepMs, () => {
      for (const name of doubled) if (cluster.ledger.node(name) !== undefined) cluster.retireProxy(name);
      this.#host.arrive([]);
      this.#step();
    });
  }
}
