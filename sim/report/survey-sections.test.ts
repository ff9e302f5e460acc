import assert from "node:assert/strict";
import { test } from "node:test";
import type { Survey } from "../survey/survey.ts";
import { surveySections } from "./survey-sections.ts";

const SURVEY: Survey = {
  nodesUsed: 12,
  pods: 200,
  apps: 30,
  room: {
    freeCpuMilli: 40_000,
    freeMemoryBytes: 3 * 1024 ** 3,
    strandedCpuMilli: 10_000,
    strandedMemoryBytes: 1024 ** 3,
    strandedCpuShare: 0.05,
    strandedMemoryShare: 0.25,
  },
  mesh: { cpuShare: 0.01, memoryShare: 0.125, instancesSavedPerNode: 2.5 },
  blast: {
    node: { podsP50: 10, podsMax: 20, appsP50: 3, appsMax: 5, appsGoneMax: 2 },
    zone: { podsP50: 60, podsMax: 80, appsP50: 13, appsMax: 15, appsGoneMax: 7 },
  },
  discovery: { entriesByPod: 200, entriesByNode: 50, connectionsByPod: 80, connectionsByNode: 8 },
  headroom: { pods: 90, podsBound: 100, isFull: true, roomIsLeft: false },
};

function textsOf(title: string, survey: Survey): readonly (readonly string[])[] {
  const section = surveySections([
    { name: "berth", survey, isOurs: true, savedPerNodeByPlacement: 1.25 },
  ]).find((each) => each.title.includes(title));
  return section?.rows.map((row) => row.map(({ text }) => text)) ?? [];
}

test("each figure of a survey stands in a section with a question for its title", () => {
  assert.deepEqual(textsOf("room is left", SURVEY), [
    ["berth", "12", "40", "10", "5.0 %", "3.0 GiB", "1.0 GiB", "25.0 %"],
  ]);
  assert.deepEqual(textsOf("more such pods", SURVEY), [["berth", "90", "100", "10.0 %", "lack of room"]]);
  assert.deepEqual(textsOf("save by sharing", SURVEY), [["berth", "2.50", "1.25", "1.0 %", "12.5 %"]]);
  assert.deepEqual(textsOf("lost with", SURVEY), [
    ["berth", "a node", "10 / 20", "3 / 5", "2"],
    ["berth", "a zone", "60 / 80", "13 / 15", "7"],
  ]);
  assert.deepEqual(textsOf("have to know", SURVEY), [
    ["berth", "200", "50", "75.0 %", "80.0", "8.0", "90.0 %"],
  ]);
});

test("what is worth seeing is drawn: with the bound that it is held against, and Berth's own marked", () => {
  const charts = surveySections([
    { name: "sidecars", survey: { ...SURVEY, headroom: undefined }, isOurs: false },
    { name: "berth", survey: SURVEY, isOurs: true },
  ]).flatMap(({ charts: drawn = [] }) => drawn);
  const barOf = (caption: string) => {
    const chart = charts.find((each) => each.caption.includes(caption));
    const bar = chart?.bars.find(({ isOurs }) => isOurs);
    return [chart?.format(bar?.value ?? 0), bar?.bound];
  };
  assert.deepEqual(barOf("Stranded memory"), ["25.0 %", undefined]);
  assert.deepEqual(barOf("More pods"), ["90", 100]);
  assert.deepEqual(barOf("worst node"), ["20", Math.ceil(200 / 12)]);
  assert.deepEqual(barOf("Entries"), ["50", 30]);
  assert.deepEqual(barOf("Connections"), ["8.0", 1]);
  assert.equal(charts.find(({ caption }) => caption.includes("More pods"))?.bars.length, 1);
  assert.equal(new Set(charts.map(({ caption }) => caption)).size, charts.length);
});

test("every column has a head, which browsers sort by", () => {
  for (const { head, rows } of surveySections([{ name: "berth", survey: SURVEY, isOurs: true }], "mesh")) {
    assert.equal(head[0], "mesh");
    assert.ok(head.every((text) => text.length > 0));
    for (const row of rows) assert.equal(row.length, head.length);
  }
});

test("what a survey does not know is a dash or left out, and headroom without an end says so", () => {
  const bare: Survey = {
    ...SURVEY,
    blast: { ...SURVEY.blast, zone: undefined },
    discovery: {
      entriesByPod: 3,
      entriesByNode: undefined,
      connectionsByPod: undefined,
      connectionsByNode: undefined,
    },
    headroom: undefined,
  };
  assert.deepEqual(textsOf("more such pods", bare), []);
  assert.equal(textsOf("lost with", bare).length, 1);
  assert.deepEqual(textsOf("have to know", bare), [["berth", "3", "–", "–", "–", "–", "–"]]);
  const open = { ...SURVEY, headroom: { pods: 5_000, podsBound: 5_000, isFull: false, roomIsLeft: true } };
  assert.deepEqual(textsOf("more such pods", open), [["berth", "over 5,000", "–", "–", "–"]]);
  assert.deepEqual(surveySections([]), []);
});
