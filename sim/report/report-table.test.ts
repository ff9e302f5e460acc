import assert from "node:assert/strict";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { csvText, figureTable, parquetBytes } from "./report-table.ts";

const TABLE = figureTable("runs", [
  { policy: "berth", peak: { nodes: 3, reuse: 2.5 }, series: [1, 2], average: undefined, isStatic: true },
  { policy: '=cmd("x"),\n', peak: { nodes: 4 }, average: { nodes: 1 } },
]);

test("figures become columns named by their paths, and what a run lacks is empty", () => {
  assert.deepEqual(TABLE.columns, ["policy", "peak.nodes", "peak.reuse", "isStatic", "average.nodes"]);
  assert.deepEqual(TABLE.rows[0], ["berth", 3, 2.5, true, null]);
});

test("CSV quotes what would break a row, and a spreadsheet takes no name for a formula", () => {
  assert.equal(
    csvText(TABLE),
    `policy,peak.nodes,peak.reuse,isStatic,average.nodes\nberth,3,2.5,true,\n"'=cmd(""x""),\n",4,,,1\n`,
  );
});

test("Parquet reads back as it was written", async () => {
  const { buffer } = parquetBytes(TABLE);
  const rows = await parquetReadObjects({ file: buffer as ArrayBuffer });
  assert.deepEqual(
    rows.map((row) => TABLE.columns.map((column) => (row as Record<string, unknown>)[column] ?? null)),
    TABLE.rows,
  );
});
