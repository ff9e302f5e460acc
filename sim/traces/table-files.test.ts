// The same table in every kind of file that is read.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer, type ColumnSource } from "hyparquet-writer";
import { UsageError } from "#runtime/usage-error.ts";
import { loadTrace } from "./load-trace.ts";
import type { TracePod } from "./trace.ts";
import { writtenFile } from "./written-file.ts";

const CSV = "pod,app,cpu,mem_gib,create_s,delete_s,node\na,cart,0.25,1.5,0,600,n1\nb,shop,4,0.001,7,,\n";
const LINES =
  '{"pod":"a","app":"cart","cpu":0.25,"mem_gib":1.5,"create_s":0,"delete_s":600,"node":"n1"}\n\n' +
  '{"delete_s":null,"mem_gib":1e-3,"app":"shop","pod":"b","cpu":4,"create_s":7}\n';

const COLUMNS: ColumnSource[] = [
  { name: "pod", data: ["a", "b"], type: "STRING" },
  { name: "app", data: ["cart", "shop"], type: "STRING" },
  { name: "cpu", data: [0.25, 4], type: "DOUBLE" },
  { name: "mem_gib", data: [1.5, 0.001], type: "DOUBLE" },
  { name: "create_s", data: [0n, 7n], type: "INT64" },
  { name: "delete_s", data: [600, null], type: "INT32" },
  { name: "node", data: ["n1", null], type: "STRING" },
];

function parquet(columnData: ColumnSource[] = COLUMNS, codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY"): Buffer {
  return Buffer.from(parquetWriteBuffer({ columnData, codec, rowGroupSize: 1 }));
}

async function pods(t: TestContext, content: string | Uint8Array): Promise<TracePod[]> {
  return loadTrace(await writtenFile(t, "table", content));
}

test("JSON lines are told by their keys where the first object lacks some, and every pod may stay for good", async (t) => {
  const lines = LINES.replace('"delete_s":600,', "").replace('"delete_s":null,', "");
  const read = await pods(t, lines);
  assert.deepEqual(
    read.map(({ id, deleteSeconds }) => [id, deleteSeconds]),
    [
      ["a", undefined],
      ["b", undefined],
    ],
  );
  // What every pod needs is not guessed.
  await assert.rejects(pods(t, '{"pod":"a","app":"b"}\n'), /is of no known trace/);
  await assert.rejects(pods(t, '{"pod":"a","colour":"b"}\n'), /is of no known trace/);
});

test("CSV, JSON lines and Parquet, plain and compressed, give the same pods", async (t) => {
  const expected = await pods(t, CSV);
  assert.equal(expected.length, 2);
  const files: readonly (string | Uint8Array)[] = [
    gzipSync(CSV),
    zstdCompressSync(CSV),
    LINES,
    `\uFEFF${LINES.replaceAll("\n", "\r\n")}`,
    gzipSync(LINES),
    zstdCompressSync(LINES),
    parquet(),
    parquet(COLUMNS, "UNCOMPRESSED"),
  ];
  for (const file of files) assert.deepEqual(await pods(t, file), expected);
});

test("a Parquet file compressed by zstd, gzip or brotli is read", async (t) => {
  const { zstdCompressSync: zstd, gzipSync: gzip, brotliCompressSync: brotli } = await import("node:zlib");
  const expected = await pods(t, CSV);
  for (const [codec, compress] of [
    ["ZSTD", zstd],
    ["GZIP", gzip],
    ["BROTLI", brotli],
  ] as const) {
    const file = parquetWriteBuffer({
      columnData: COLUMNS,
      codec,
      compressors: { [codec]: (input: Uint8Array) => new Uint8Array(compress(input)) },
    });
    assert.deepEqual(await pods(t, Buffer.from(file)), expected);
  }
});

test("lines longer than a chunk of the file are put together", async (t) => {
  const id = "x".repeat(200_000);
  const lines = [0, 1, 2].map(
    (index) => `{"pod":"${id}${index}","app":"é","cpu":1,"mem_gib":1,"create_s":0,"delete_s":null}`,
  );
  const read = await pods(t, lines.join("\n"));
  assert.deepEqual(
    read.map((pod) => [pod.id.length, pod.app]),
    lines.map(() => [200_001, "é"]),
  );
});

test("what is wrong is said with its line and column, or its row", async (t) => {
  const wrong: readonly (readonly [string | Uint8Array, RegExp])[] = [
    [LINES.replace('"cpu":4', '"cpu":four'), /table:3:(\d+:)? is not JSON; expected one object per line/],
    [
      LINES.replace('"cpu":4', '"cpu":"four"'),
      /table:3: cpu is "four", not a number; expected columns pod,app/,
    ],
    [LINES.replace('"cpu":4', '"cpu":[4]'), /table:3: cpu is "\[4\]", neither text nor a number/],
    [LINES.replace('"cpu":4', '"cpus":4'), /table:3:\d+: unknown key "cpus"; expected pod, app, cpu,/],
    [LINES.replace('"cpu":4', '"cpu":-4'), /table:3: cpu is negative/],
    [LINES.replace('"cpu":4,', ""), /table:3: cpu is empty/],
    [`${LINES}[1]\n`, /table:4: is JSON, but no object/],
    [LINES.replace('"cpu":0.25,', ""), /is of no known trace/],
    [`{"pod":"${"x".repeat(2_000_000)}`, /table:1: is longer than 1048576 characters/],
    [
      parquet(COLUMNS.map((c) => (c.name === "cpu" ? { ...c, data: [1, -1] } : c))),
      /table: row 2: cpu is negative/,
    ],
    [
      parquet(COLUMNS.map((c) => (c.name === "app" ? { ...c, data: ["cart", null] } : c))),
      /table: row 2: app is empty; expected columns/,
    ],
    [
      parquet(COLUMNS.map((c) => (c.name === "pod" ? { ...c, data: [true, false], type: "BOOLEAN" } : c))),
      /table: row 1: pod is neither text nor a number/,
    ],
    [parquet(COLUMNS.filter(({ name }) => name !== "cpu")), /is of no known trace/],
    [parquet().subarray(0, 60), /cannot be read as Parquet/],
    [zstdCompressSync(CSV).subarray(0, 30), /of its compressed data; was it copied completely/],
  ];
  for (const [content, message] of wrong) {
    await assert.rejects(pods(t, content), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
