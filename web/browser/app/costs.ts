// What the app's instances cost a node: as the profile gives it, as it was learned, and which of the two counts.

import { type ComponentChild, h } from "preact";
import type { AppCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { AppExplanation } from "#web/policy/app-explanation.ts";
import { confidenceText, costText, plural } from "#web/policy/format.ts";
import { Meter } from "../parts/meter.ts";

const PARTS: readonly {
  readonly key: "base" | "perPod" | "perConnection" | "perKiloRps";
  readonly name: string;
}[] = [
  { key: "base", name: "an instance by itself" },
  { key: "perPod", name: "each pod" },
  { key: "perConnection", name: "each connection" },
  { key: "perKiloRps", name: "each 1,000 requests/s" },
];

/** As model/mesh-cost.ts charges them. */
const CHARGED_FROM = 0.5;

export function Costs({
  costs: { charged, unit, given, learned },
}: Pick<AppExplanation, "costs">): ComponentChild {
  const from = learned?.from === "totals" ? "whole proxies' usage" : "its instances' usage";
  return h(
    "section",
    { class: "card" },
    h("h2", null, "What an instance costs"),
    learned === null
      ? h("p", { class: "soft" }, "Nothing is learned of it yet: the profile's figures count.")
      : [
          h(
            "p",
            null,
            `Learned from ${from}${learned.samples === null ? "" : ` (${plural(learned.samples, "sample")})`}: confidence ${confidenceText(learned.confidence)}, `,
            charged === "learned" ? "and that counts." : "the profile's figures count until 50\u202f%.",
          ),
          h(Meter, { label: "Confidence", ratio: learned.confidence, mark: CHARGED_FROM }),
        ],
    h(
      "table",
      { class: "inner" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("th", { scope: "col" }, "Cost of"),
          h("th", { scope: "col", class: "number" }, charged === "given" ? "given (counts)" : "given"),
          h("th", { scope: "col", class: "number" }, charged === "learned" ? "learned (counts)" : "learned"),
        ),
      ),
      h(
        "tbody",
        null,
        PARTS.map(({ key, name }) =>
          h(
            "tr",
            { key },
            h("th", { scope: "row" }, name),
            h("td", { class: "number" }, amount(given, key)),
            h("td", { class: "number" }, learned === null ? "–" : amount(learned.cost, key)),
          ),
        ),
      ),
    ),
    h(
      "p",
      { class: "soft" },
      `So a node pays ${text(unit.base)} once, and ${text(unit.perPod)} for each pod with its planned traffic.`,
    ),
  );
}

function amount(cost: AppCost, key: (typeof PARTS)[number]["key"]): string {
  return text(cost[key]);
}

function text({ cpuMilli, memoryBytes }: Resources): string {
  return `${costText(memoryBytes)} · ${Number(cpuMilli.toFixed(1))}m CPU`;
}
