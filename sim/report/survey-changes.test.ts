import assert from "node:assert/strict";
import { test } from "node:test";
import type { Survey } from "../survey/survey.ts";
import { changesTable } from "./changes-table.ts";
import { furtherChanges, riskChanges } from "./survey-changes.ts";

function aSurvey(over: Partial<Survey> = {}): Survey {
  return {
    nodesUsed: 4,
    pods: 40,
    apps: 5,
    room: {
      freeCpuMilli: 0,
      freeMemoryBytes: 0,
      strandedCpuMilli: 0,
      strandedMemoryBytes: 0,
      strandedCpuShare: 0,
      strandedMemoryShare: 0,
    },
    mesh: { cpuShare: 0, memoryShare: 0, instancesSavedPerNode: 0 },
    blast: { node: { podsP50: 10, podsMax: 12, appsP50: 3, appsMax: 5, appsGoneMax: 1 }, zone: undefined },
    discovery: {
      entriesByPod: 40,
      entriesByNode: undefined,
      connectionsByPod: 64,
      connectionsByNode: undefined,
    },
    headroom: { pods: 20, podsBound: 30, isFull: true, roomIsLeft: false },
    ...over,
  };
}

test("what hangs on one node and got worse says so, beside what got better", () => {
  const after = aSurvey({
    blast: { node: { podsP50: 10, podsMax: 18, appsP50: 2, appsMax: 3, appsGoneMax: 1 }, zone: undefined },
    discovery: { entriesByPod: 40, entriesByNode: 10, connectionsByPod: 64, connectionsByNode: 4 },
    headroom: { pods: 30, podsBound: 31, isFull: true, roomIsLeft: false },
  });
  const changes = [...riskChanges(aSurvey(), after), ...furtherChanges(aSurvey(), after)];
  assert.equal(
    changesTable(changes, { hasColour: false }),
    `before → after
pods lost with the worst node    12  →   18  +50 %  worse
apps lost whole with a node       1  →    1   ±0 %
entries of discovery             40  →   10  −75 %
connections of two apps        64.0  →  4.0  −94 %
room for more pods               20  →   30  +50 %`,
  );
});

test("zones are what is told where there are some, and room without an end is no difference", () => {
  const zone = { podsP50: 20, podsMax: 20, appsP50: 4, appsMax: 5, appsGoneMax: 2 };
  const inZones = aSurvey({
    blast: { ...aSurvey().blast, zone },
    headroom: { pods: 5_000, podsBound: 5_000, isFull: false, roomIsLeft: true },
  });
  assert.deepEqual(
    riskChanges(inZones, inZones).map(({ name }) => name),
    ["pods lost with the worst node", "apps lost whole with a zone"],
  );
  const room = furtherChanges(aSurvey(), inZones).at(-1);
  assert.deepEqual([room?.after, room?.difference, room?.isBetter], ["over 5,000", "", true]);
});
