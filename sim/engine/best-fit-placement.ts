// Plain best-fit: the node that takes the pod and is left with the least, whatever runs there. It knows what the mesh
// costs (A + B) and does not look for the app's other pods.

import type { NodeName } from "#model/brand.ts";
import { costedDemand, cpuMilliFreeAfter, memoryBytesFreeAfter, rejectionOf } from "#model/fit.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { addResources } from "#model/resources.ts";
import type { Placer, PolicyContext } from "./placement-policy.ts";
import type { ReplayPod } from "./replay-pod.ts";

export class BestFitPlacement implements Placer {
  readonly #ledger: ClusterLedger;
  readonly #podsPerNodeMax: number;
  evaluations = 0;

  constructor({ cluster, podsPerNodeMax }: PolicyContext) {
    this.#ledger = cluster.ledger;
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  place(pod: ReplayPod): NodeName | undefined {
    const demand = costedDemand(pod, this.#ledger);
    const { base, perPod } = demand.cost;
    const need = {
      request: pod.request,
      grownMin: perPod,
      grownMax: addResources(base, perPod),
      isMesh: true,
    };
    const search = this.#ledger.rooms(need, { mayLackSlot: false });
    let best: NodeAccount | undefined;
    let bestShare = Infinity;
    for (let nodes = search.next(bestShare); nodes !== undefined; nodes = search.next(bestShare)) {
      // A node that runs the app is left with more than the others of its kind: it is asked as well.
      for (const node of oneOfEach(nodes, pod)) {
        if (!this.#takes(node, pod)) continue;
        const { cpuMilli, memoryBytes } = node.allocatable;
        const share =
          cpuMilliFreeAfter(node, demand, 1) / Math.max(1, cpuMilli) +
          memoryBytesFreeAfter(node, demand, 1) / Math.max(1, memoryBytes);
        if (share > bestShare || (share === bestShare && best !== undefined && best.name < node.name))
          continue;
        best = node;
        bestShare = share;
      }
    }
    return best?.name;
  }

  accepts(name: NodeName, pod: ReplayPod): boolean {
    const node = this.#ledger.node(name);
    return node !== undefined && this.#takes(node, pod);
  }

  #takes(node: NodeAccount, pod: ReplayPod): boolean {
    this.evaluations++;
    if (node.occupants.size + node.proxies.size >= this.#podsPerNodeMax) return false;
    return rejectionOf(node, costedDemand(pod, this.#ledger)) === undefined;
  }
}

function* oneOfEach(nodes: readonly NodeAccount[], { app }: ReplayPod): Iterable<NodeAccount> {
  let isOtherGiven = false;
  for (const node of nodes) {
    const isHost = node.appPods.has(app);
    if (!isHost && isOtherGiven) continue;
    isOtherGiven ||= !isHost;
    yield node;
  }
}
