// How the app's configuration reaches its nodes.

import { type ComponentChild, h } from "preact";
import type { AppExplanation } from "#web/policy/app-explanation.ts";
import { countText } from "#web/policy/format.ts";
import { Facts } from "../parts/facts.ts";
import { Meter } from "../parts/meter.ts";

const PHASES: Readonly<Record<string, string>> = {
  Settled: "all nodes have the same",
  RollingOut: "goes on from node to node",
  Paused: "paused by its profile",
  Halted: "halted: it did not prove good",
};

export function Release({ release }: Pick<AppExplanation, "release">): ComponentChild {
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Its release"),
    release === null
      ? h(
          "p",
          { class: "soft" },
          "None is recorded: it has no profile, or no version of it was rolled out yet.",
        )
      : [
          h(Facts, {
            facts: [
              ["State", PHASES[release.phase] ?? release.phase],
              ["Version everywhere", `generation ${release.settledVersion}`, "Of its MeshProfile"],
              ...(release.targetVersion === null
                ? []
                : [["On its way", `generation ${release.targetVersion}`] as const]),
              [
                "Nodes that have it",
                `${countText(release.nodes.updated)} of ${countText(release.nodes.total)}`,
              ],
              ["Proven good", `${countText(release.nodes.proven)} of ${countText(release.nodes.updated)}`],
            ],
          }),
          release.nodes.total === 0
            ? null
            : h(Meter, {
                label: "Nodes that have it",
                ratio: release.nodes.updated / release.nodes.total,
                colour: release.phase === "Halted" ? "bad" : "good",
              }),
          h("p", { class: "soft" }, release.message),
        ],
  );
}
