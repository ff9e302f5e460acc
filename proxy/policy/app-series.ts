// Which apps get time series of their own. The first `max` do; the rest share the label "other", so that the number of
// series on a node is bounded whatever runs there.

import type { AppName } from "#model/brand.ts";

/** More apps than kubelet's default of 110 pods per node can have. */
export const APP_SERIES_MAX = 128;
const OTHER_APPS = "other";

export class AppSeries {
  readonly #named = new Set<AppName>();
  readonly #max: number;

  constructor(max: number = APP_SERIES_MAX) {
    this.#max = max;
  }

  /** The value of the `app` label; the same for an app until it is released. */
  label(app: AppName): string {
    if (this.#named.has(app)) return app;
    if (this.#named.size >= this.#max) return OTHER_APPS;
    this.#named.add(app);
    return app;
  }

  /** The app has left the node: its place goes to the next new app. */
  release(app: AppName): void {
    this.#named.delete(app);
  }
}
