// The contract of a screen's server side. A screen is one file under web/shell/screens with a ScreenSource, entered in
// screens.ts, and one file under web/browser/screens that draws what it gives; what is decided about the view (which
// rows, which figures, in which order) is a pure function in web/policy that both import the type of.

import type { z } from "zod";
import type { Clock } from "#runtime/clock.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { Components } from "./components.ts";
import type { Forecasts } from "./forecasts.ts";
import type { HeldSizes } from "./held-sizes.ts";
import type { SizeHistory } from "../policy/size-history.ts";

export interface ScreenContext {
  readonly cluster: ClusterState;
  readonly components: Components;
  /** Shows the cluster's time, which runs faster in `berth start`. */
  readonly clock: Clock;
  /** The machine's time: how often something is asked. */
  readonly nowMs: () => number;
  readonly forecasts: Forecasts;
  /** What the recommender holds them to need now. */
  readonly held: Pick<HeldSizes, "required">;
  /** What the proxies had and needed since the server began. */
  readonly sizes: SizeHistory;
}

export interface ScreenSource {
  /** In the address: `#/NAME?param=…` in the browser, `/api/stream/NAME?param=…` here. */
  readonly name: string;
  /** Of the address; strings, and unknown ones refused. */
  readonly params: z.ZodObject<Record<string, z.ZodType<string | undefined>>>;
  /**
   * How often the view is made anew though nothing changed in the cluster, for what comes from the components' interfaces
   * or passes with time; absent: only after changes.
   */
  readonly everyMs?: number;
  /** Called once for each set of parameters that somebody looks at, and again after nobody did for a while. */
  open(context: ScreenContext, params: Readonly<Record<string, string | undefined>>): OpenScreen;
}

export interface OpenScreen {
  /**
   * The present view: an object of plain JSON, never changed after it was returned. Called at most once a second while
   * somebody looks, and never twice at the same time.
   *
   * @throws OperationError: its message is shown above the last view, and it is tried again.
   */
  view(): object | Promise<object>;
  /** Gives back what it holds. */
  close?(): void;
}
