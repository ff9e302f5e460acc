// What a change of mesh or placement does to what hangs on nodes, to discovery and to the room left, as before → after.

import { HEADROOM_PODS_MAX, type Headroom } from "../survey/headroom.ts";
import type { Survey } from "../survey/survey.ts";
import { changeOf } from "./change.ts";
import { countText, savedText } from "./figures.ts";
import type { Change } from "./html/report-document.ts";

/** What would break with a node or a zone. */
export function riskChanges(before: Survey, after: Survey): readonly Change[] {
  const zones = [before.blast.zone, after.blast.zone] as const;
  return [
    changeOf("pods lost with the worst node", [before.blast.node.podsMax, after.blast.node.podsMax]),
    zones[0] === undefined || zones[1] === undefined
      ? changeOf("apps lost whole with a node", [before.blast.node.appsGoneMax, after.blast.node.appsGoneMax])
      : changeOf("apps lost whole with a zone", [zones[0].appsGoneMax, zones[1].appsGoneMax]),
  ];
}

/** Of discovery, and of the room for more. */
export function furtherChanges(before: Survey, after: Survey): readonly Change[] {
  const entries = ({ discovery }: Survey): number => discovery.entriesByNode ?? discovery.entriesByPod;
  const connections = ({ discovery }: Survey): number | undefined =>
    discovery.connectionsByNode ?? discovery.connectionsByPod;
  const [from, to] = [connections(before), connections(after)];
  return [
    changeOf("entries of discovery", [entries(before), entries(after)]),
    ...(from === undefined || to === undefined
      ? []
      : [changeOf("connections of two apps", [from, to], (value) => value.toFixed(1))]),
    ...headroomChange(before.headroom, after.headroom),
  ];
}

// More is better, and where it was given up nobody knows how much more.
function headroomChange(before: Headroom | undefined, after: Headroom | undefined): readonly Change[] {
  if (before === undefined || after === undefined) return [];
  const text = ({ pods, isFull }: Headroom): string =>
    isFull ? countText(pods) : `over ${countText(HEADROOM_PODS_MAX)}`;
  const isKnown = before.isFull && after.isFull;
  return [
    {
      name: "room for more pods",
      before: text(before),
      after: text(after),
      difference: !isKnown || before.pods === 0 ? "" : savedText(1 - after.pods / before.pods),
      isBetter:
        before.pods === after.pods || (!before.isFull && !after.isFull)
          ? undefined
          : after.pods > before.pods,
    },
  ];
}
