// What too small a proxy does to those on its node, and what its size amounts to.

import type { Resources } from "#model/resources.ts";
import type { NodeMinute } from "./node-minute.ts";

export interface UsageScore {
  /** Minutes of nodes in which the proxy wanted more CPU than it had. */
  readonly throttledNodeMinutes: number;
  /** Minutes of nodes in which it wanted more memory than it had: it is killed, and interrupts every app on the node. */
  readonly oomKills: number;
  /** Σ over kills of the apps, and of their pods, on the node. */
  readonly appsInterrupted: number;
  readonly podsInterrupted: number;
  /** The most with one kill. */
  readonly appsInterruptedMax: number;
  readonly podsInterruptedMax: number;
  /** Mean size of a proxy. */
  readonly cpuMilliMean: number;
  readonly memoryBytesMean: number;
}

export class UsageTally {
  readonly #size = { cpuMilli: 0, memoryBytes: 0 };
  readonly #sum = { throttled: 0, kills: 0, apps: 0, pods: 0, appsMax: 0, podsMax: 0 };
  #minutes = 0;

  add(size: Resources, wanted: NodeMinute): void {
    const sum = this.#sum;
    this.#minutes++;
    this.#size.cpuMilli += size.cpuMilli;
    this.#size.memoryBytes += size.memoryBytes;
    if (wanted.cpuMilli > size.cpuMilli) sum.throttled++;
    if (wanted.memoryBytes <= size.memoryBytes) return;
    const [apps, pods] = [
      wanted.instances.length,
      wanted.instances.reduce((count, instance) => count + instance.pods, 0),
    ];
    sum.kills++;
    sum.apps += apps;
    sum.pods += pods;
    sum.appsMax = Math.max(sum.appsMax, apps);
    sum.podsMax = Math.max(sum.podsMax, pods);
  }

  score(): UsageScore {
    const { throttled, kills, apps, pods, appsMax, podsMax } = this.#sum;
    const minutes = Math.max(1, this.#minutes);
    return {
      throttledNodeMinutes: throttled,
      oomKills: kills,
      appsInterrupted: apps,
      podsInterrupted: pods,
      appsInterruptedMax: appsMax,
      podsInterruptedMax: podsMax,
      cpuMilliMean: this.#size.cpuMilli / minutes,
      memoryBytesMean: this.#size.memoryBytes / minutes,
    };
  }
}
