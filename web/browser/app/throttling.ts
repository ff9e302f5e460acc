// What was refused and held back, by the proxies that could be asked.

import { type ComponentChild, h } from "preact";
import type { ExplainedInstance } from "#web/policy/app-explanation.ts";
import { appThrottling } from "#web/policy/app-view.ts";
import { countText, plural } from "#web/policy/format.ts";
import { Facts } from "../parts/facts.ts";

export function Throttling({
  instances,
}: {
  readonly instances: readonly ExplainedInstance[];
}): ComponentChild {
  const sum = appThrottling(instances);
  return h(
    "section",
    { class: "card" },
    h("h2", null, "What was throttled"),
    sum === undefined
      ? h(
          "p",
          { class: "soft" },
          instances.length === 0
            ? "It runs nowhere at present."
            : "Not known: no proxy of its nodes could be asked (simulated nodes have none).",
        )
      : [
          h(
            "p",
            { class: "soft" },
            `Since they started, ${sum.asked} of ${plural(instances.length, "instance")} asked.`,
          ),
          h(Facts, {
            facts: [
              ["Requests", countText(sum.requests)],
              ["Refused", sum.refusedTotal === 0 ? "none" : countText(sum.refusedTotal)],
              ...Object.entries(sum.refused)
                .sort(([, a], [, b]) => b - a)
                .map(([reason, count]) => [`for ${reason}`, countText(count)] as const),
              [
                "Held back",
                `${sum.heldSeconds.toFixed(1)} s`,
                "Time in which nothing was read, CPU or bandwidth being used up",
              ],
              ["Held back now", sum.heldNow === 0 ? "none" : plural(sum.heldNow, "instance")],
            ],
          }),
        ],
  );
}
