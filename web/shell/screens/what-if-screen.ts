// "What would happen if …?"

import type { Question, WhatIfChoices, WhatIfView } from "../../policy/what-if.ts";
import { askedText } from "../../policy/what-if.ts";
import type { FleetView } from "../../policy/fleet-figures.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";
import { changeOf, whatIfParams } from "./what-if-params.ts";

/** Names that a form offers; others may be typed. */
const CHOICES_MAX = 2_000;

export const whatIfScreen: ScreenSource = {
  name: "what-if",
  params: whatIfParams,
  everyMs: 1_000,
  open({ cluster, forecasts }, params) {
    const change = changeOf(params);
    const key = `what-if ${JSON.stringify([change, params["again"]])}`;
    if (change !== undefined) forecasts.join(key, { kind: "whatIf", change });
    return {
      view(): WhatIfView {
        const choices = choicesOf(whenListed(cluster));
        if (change === undefined) return { choices, asked: null, forecast: null };
        const forecast = forecasts.get(key);
        const found = forecast.result.findLast(({ kind }) => kind === "whatIf");
        return {
          choices,
          asked: { kind: change.kind, text: askedText(change.kind satisfies Question, params) },
          forecast: { ...forecast, result: found?.kind === "whatIf" ? found.whatIf : null },
        };
      },
      close() {
        if (change !== undefined) forecasts.leave(key);
      },
    };
  },
};

function choicesOf({ ledger }: FleetView): WhatIfChoices {
  const apps = new Set<string>();
  const zones = new Set<string>();
  let nodes = 0;
  for (const { appPods, zone } of ledger.nodes()) {
    nodes++;
    if (zone !== "") zones.add(zone);
    for (const app of appPods.keys()) apps.add(app);
  }
  return { apps: [...apps].sort().slice(0, CHOICES_MAX), zones: [...zones].sort(), nodes };
}
