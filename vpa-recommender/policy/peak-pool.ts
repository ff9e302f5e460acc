// What one node saves by giving its apps one proxy: the apps' own peaks of a day come at different times, and the proxy
// is sized by the peak of their sum.

import type { AppName } from "#model/brand.ts";
import {
  addResources,
  maxResources,
  noResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import type { InstanceUsage } from "./instance-learner.ts";

const DAY_MS = 86_400_000;

/** The highest of today and of yesterday. */
interface Peak {
  day: number;
  today: Resources;
  yesterday: Resources;
}

/** As it outlives a restart. */
export interface SavedPeaks {
  readonly apps: readonly (readonly [AppName, Readonly<Peak>])[];
  readonly sum: Readonly<Peak>;
}

export class PeakPool {
  readonly #apps = new Map<AppName, Peak>();
  #sum: Peak = { day: 0, today: noResources, yesterday: noResources };

  add(instances: ReadonlyMap<AppName, Pick<InstanceUsage, "used">>, timeMs: number): void {
    const day = Math.floor(timeMs / DAY_MS);
    let sum = noResources;
    for (const [app, { used }] of instances) {
      const peak = this.#apps.get(app) ?? { day, today: noResources, yesterday: noResources };
      this.#apps.set(app, peak);
      raise(peak, used, day);
      sum = addResources(sum, used);
    }
    raise(this.#sum, sum, day);
    // Apps that left have their last peak forgotten with yesterday's.
    for (const [app, peak] of this.#apps) if (day - peak.day > 1) this.#apps.delete(app);
  }

  savedPeaks(): SavedPeaks {
    return { apps: [...this.#apps].map(([app, peak]) => [app, { ...peak }]), sum: { ...this.#sum } };
  }

  static restored({ apps, sum }: SavedPeaks): PeakPool {
    const pool = new PeakPool();
    for (const [app, peak] of apps) pool.#apps.set(app, { ...peak });
    pool.#sum = { ...sum };
    return pool;
  }

  /** The apps' own peaks added up, less the peak of their sum; never below nothing. */
  saved(): Resources {
    let apart = noResources;
    for (const peak of this.#apps.values()) apart = addResources(apart, highest(peak));
    return maxResources(noResources, subtractResources(apart, highest(this.#sum)));
  }
}

function raise(peak: Peak, used: Resources, day: number): void {
  if (day !== peak.day) {
    peak.yesterday = day === peak.day + 1 ? peak.today : noResources;
    peak.today = noResources;
    peak.day = day;
  }
  peak.today = maxResources(peak.today, used);
}

function highest({ today, yesterday }: Peak): Resources {
  return maxResources(today, yesterday);
}
