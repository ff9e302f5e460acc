// The bound of the linear program, solved by HiGHS. Its WASM of 3.5 MB is loaded when somebody asks for such a bound.

import type { LegacyHighs } from "highs";
import { coarserNeed } from "./coarser-need.ts";
import { instancesMin } from "./instances-min.ts";
import { linearProgram } from "./linear-program.ts";
import type { PackingNeed } from "./packing-need.ts";

export interface LinearBound {
  readonly instances: number;
  /** Undefined if the need fits on no such nodes, or time ran out. */
  readonly nodes: number | undefined;
  readonly outcome: "solved" | "doesNotFit" | "outOfTime";
}

/** Minutes for one bound would be longer than the run that it is for. */
const SOLVE_SECONDS_MAX = 60;
/** HiGHS in WASM takes some hundred bytes for each, and seconds for so many. */
const VARIABLES_MAX = 60_000;
/** What HiGHS may be off by when it calls a solution feasible and optimal: nodes are not rounded up for it. */
const TOLERANCE = 1e-5;

/** @param secondsMax how long HiGHS may take. */
export async function linearBound(need: PackingNeed, secondsMax = SOLVE_SECONDS_MAX): Promise<LinearBound> {
  const instances = need.apps.reduce((sum, app) => sum + instancesMin(app, need.shapes), 0);
  const program = linearProgram(coarserNeed(need, VARIABLES_MAX));
  if (program === undefined) return { instances, nodes: undefined, outcome: "doesNotFit" };
  const highs = await loadHighs();
  const { Status: status, ObjectiveValue: nodes } = highs.solve(program, {
    time_limit: secondsMax,
    output_flag: false,
  });
  if (status === "Optimal") {
    return { instances, nodes: Math.ceil(nodes - TOLERANCE * Math.max(1, nodes)), outcome: "solved" };
  }
  return { instances, nodes: undefined, outcome: status === "Infeasible" ? "doesNotFit" : "outOfTime" };
}

let loading: Promise<LegacyHighs> | undefined;

function loadHighs(): Promise<LegacyHighs> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LegacyHighs> {
  // Its types are those of CommonJS, where the function is the default of the default; as a module it is the default.
  const { default: start } = (await import("highs")) as unknown as {
    readonly default: () => Promise<LegacyHighs>;
  };
  return await start();
}
