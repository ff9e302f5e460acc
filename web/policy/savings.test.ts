import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CarrierCost,
  EXAMPLE_PRICES,
  hourly,
  moneyText,
  savingsHeadline,
  savingsRows,
  type SavingsFinding,
} from "./savings.ts";

const GIB = 1024 ** 3;
const PRICES = { currency: "EUR", coreHour: 0.04, gibHour: 0.01 };
const SHAPES = [
  { cpuMilli: 4000, memoryBytes: 16 * GIB, nodes: 3 },
  { cpuMilli: 8000, memoryBytes: 32 * GIB, nodes: 1 },
];

function aCost(gibibytes: number): CarrierCost {
  return {
    instances: 1,
    mesh: { cpuMilli: 1000, memoryBytes: gibibytes * GIB },
    nodesUsed: 1,
    nodesShort: 0,
    podsOnNodeMax: 1,
    unplaced: 0,
    moved: 0,
  };
}

const FINDINGS: readonly SavingsFinding[] = [
  { kind: "cost", carrier: "proxyAsItStands", cost: aCost(10) },
  { kind: "cost", carrier: "sidecarQuarter", cost: aCost(40) },
  { kind: "cost", carrier: "sidecarFixed", cost: aCost(5) },
  { kind: "cost", carrier: "proxyPlacedAnew", cost: aCost(8) },
  { kind: "begins", what: "fewestNodes", carrier: "proxyPlacedAnew" },
  { kind: "fewestNodes", carrier: "proxyPlacedAnew", nodes: 2 },
  { kind: "fewestNodes", carrier: "sidecarQuarter", nodes: null },
];

test("money is resources at their prices, and nodes cost the mean of those there are", () => {
  const rows = savingsRows(FINDINGS, { prices: PRICES, shapes: SHAPES });
  const anew = rows.find(({ carrier }) => carrier === "proxyPlacedAnew");
  assert.equal(hourly({ cpuMilli: 4000, memoryBytes: 16 * GIB }, PRICES), 0.32);
  assert.equal(anew?.meshPerMonth?.toFixed(2), ((0.04 + 0.08) * 730.5).toFixed(2));
  // Three nodes of 0.32 and one of 0.64 an hour: 0.40 on average, and two of them.
  assert.equal(anew?.nodesPerMonth?.toFixed(2), (2 * 0.4 * 730.5).toFixed(2));
});

test("what is not found yet is absent, and nodes that do not do at all are told from those", () => {
  const rows = savingsRows(FINDINGS, { prices: EXAMPLE_PRICES, shapes: SHAPES });
  const of = (name: string) => rows.find(({ carrier }) => carrier === name);
  assert.equal(of("proxyByDefault")?.cost, undefined);
  assert.equal(of("sidecarFixed")?.nodes, undefined);
  assert.equal(of("sidecarQuarter")?.nodes, null);
  assert.equal(of("sidecarQuarter")?.nodesPerMonth, undefined);
});

test("the headline says the share of each kind of sidecar's memory, also where it is more", () => {
  const rows = savingsRows(FINDINGS, { prices: PRICES, shapes: SHAPES });
  assert.equal(
    savingsHeadline(rows),
    "The mesh needs 25 % of the memory of sidecars of a quarter, and 2.0 times that of sidecars of one size. Placing every pod anew would save 20 % more of it.",
  );
  assert.equal(savingsHeadline(savingsRows([], { prices: PRICES, shapes: SHAPES })), undefined);
});

test("amounts of money have groups of digits, and cents where they matter", () => {
  assert.equal(moneyText(1_234_567.4, PRICES), "1\u202f234\u202f567 EUR");
  assert.equal(moneyText(3.456, PRICES), "3.46 EUR");
});
