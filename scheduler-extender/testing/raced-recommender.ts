// The recommender and kubelets in races: a ledger of its own that lags in its own way, and proxies that grow to what is
// required, never past the free room it sees, or are refused. It takes no headroom, which waits for a calm.

import type { ClusterLedger } from "#model/ledger.ts";
import type { PodView } from "#model/cluster-view.ts";
import { maxResources, minResources } from "#model/resources.ts";
import type { SeededRandom } from "#sim/seeded-random.ts";
import { nodeSituation } from "#vpa-recommender/policy/node-situation.ts";
import type { WatchEvent } from "./raced-api.ts";
import { NODES, type RacedCluster } from "./raced-cluster.ts";

export class RacedRecommender {
  readonly undelivered: WatchEvent[];
  readonly #cluster: RacedCluster;
  readonly #ledger: ClusterLedger;

  constructor(cluster: RacedCluster) {
    this.#cluster = cluster;
    this.#ledger = cluster.freshLedger();
    this.undelivered = cluster.api.watch();
  }

  deliver(count: number): void {
    for (const { kind, pod } of this.undelivered.splice(0, count)) {
      if (kind === "gone") this.#ledger.removePod(pod.uid);
      else this.#ledger.upsertPod(pod);
    }
  }

  /** The proxy of some node at its next size; undefined if kubelet has no room for it, or found it infeasible. */
  resize(random: SeededRandom): PodView | undefined {
    const node = NODES[random.integer(NODES.length)];
    const proxy = node && this.#cluster.proxies.get(node);
    if (node === undefined || proxy === undefined) return undefined;
    const current = proxy.request;
    const sized = { uid: proxy.uid, current, infeasible: undefined };
    const situation = nodeSituation(this.#ledger, { name: node, proxy: sized });
    if (situation === undefined) return undefined;
    const grown = maxResources(current, minResources(situation.required, situation.ceiling));
    const size = random.next() < 0.7 ? grown : minResources(current, situation.required);
    if (random.next() < 0.2) return undefined;
    const resized = { ...proxy, request: size };
    this.#cluster.proxies.set(node, resized);
    this.#ledger.upsertPod(resized);
    return resized;
  }
}
