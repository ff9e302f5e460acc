// What the UI's server and the thread that works on a forecast say to each other.

import type { Change, WhatIf } from "#sim/plan/what-if.ts";
import type { SavingsPart } from "#sim/plan/savings.ts";
import type { ForecastGround } from "../policy/forecast.ts";

export type ForecastTask =
  | { readonly kind: "savings" }
  | { readonly kind: "whatIf"; readonly change: Change };

/** What is found out, one after the other. */
export type ForecastFinding =
  | { readonly kind: "savings"; readonly part: SavingsPart }
  | { readonly kind: "whatIf"; readonly whatIf: WhatIf };

export type FromForecast =
  | { readonly kind: "progress"; readonly what: string; readonly done: number; readonly of: number }
  | { readonly kind: "ground"; readonly ground: ForecastGround }
  | { readonly kind: "finding"; readonly finding: ForecastFinding }
  | { readonly kind: "done" }
  /** What was asked for cannot be had; the message says why. */
  | { readonly kind: "refused"; readonly message: string; readonly mend: string };
