import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { UsageError } from "#runtime/usage-error.ts";
import { loadPodTrace, readPodTable } from "./pod-table.ts";
import type { TracePod } from "./trace.ts";
import { writtenFile } from "./written-file.ts";

const HEADER = "pod,app,cpu,mem_gib,create_s,delete_s\n";
const EXPECTED = "; expected columns pod,app,cpu,mem_gib,create_s,delete_s[,node][,max_per_node]";
const GIB = 1024 ** 3;

async function pods(t: TestContext, content: string | Uint8Array): Promise<TracePod[]> {
  return loadPodTrace(await writtenFile(t, "pods.csv", content));
}

test("a pod table gives its pods in file order, requests rounded up", async (t) => {
  assert.deepEqual(await pods(t, `${HEADER}b,shop,0.2501,0.5,30,90\na,cart,2.793,5.5259,0,\n`), [
    {
      id: "b",
      app: "shop",
      request: { cpuMilli: 251, memoryBytes: GIB / 2 },
      createSeconds: 30,
      deleteSeconds: 90,
    },
    {
      id: "a",
      app: "cart",
      request: { cpuMilli: 2793, memoryBytes: Math.ceil(5.5259 * GIB) },
      createSeconds: 0,
      deleteSeconds: undefined,
    },
  ]);
});

test("columns stand in any order, and node and max_per_node may be there, and empty", async (t) => {
  const content =
    "max_per_node,delete_s,create_s,mem_gib,cpu,app,pod,node\n2,,1e3,1e-3,1,cart,a,n1\n,,7,1,1,cart,b,\n";
  const [first, second] = await pods(t, content);
  assert.deepEqual(first, {
    id: "a",
    app: "cart",
    request: { cpuMilli: 1000, memoryBytes: 1_073_742 },
    createSeconds: 1000,
    deleteSeconds: undefined,
    node: "n1",
    maxPerNode: 2,
  });
  assert.equal(second !== undefined && ("node" in second || "maxPerNode" in second), false);
});

test("byte order mark, CRLF, blank lines and quoted fields are read as what they mean", async (t) => {
  const read = await pods(
    t,
    `\uFEFF${HEADER.trim().replace("pod", '"pod"')}\r\n"a,1","say ""hi""", 1 ,1,0,\r\n\r\n`,
  );
  assert.deepEqual(
    read.map(({ id, app }) => [id, app]),
    [["a,1", 'say "hi"']],
  );
});

test("gzip is told by its first bytes and not by the name", async (t) => {
  const read = await pods(t, gzipSync(`${HEADER}a,cart,1,1,0,\n`));
  assert.equal(read.length, 1);
});

test("several gzip members are one file", async (t) => {
  const read = await pods(
    t,
    Buffer.concat([gzipSync(`${HEADER}a,cart,1,1,0,\n`), gzipSync("b,cart,1,1,0,\n")]),
  );
  assert.equal(read.length, 2);
});

const MALFORMED: readonly (readonly [name: string, content: string, where: string])[] = [
  ["an empty file", "", ": is empty; expected pod,app,cpu,mem_gib,create_s,delete_s[,node][,max_per_node]"],
  ["a header alone", HEADER, ": has a header but no rows"],
  ["an unknown column", `pod,app,gpu${HEADER.slice(7)}`, `:1: unknown column "gpu"${EXPECTED}`],
  [
    "a missing column",
    "pod,app,cpu,create_s\na,b,1,1\n",
    `:1: column mem_gib, delete_s is missing${EXPECTED}`,
  ],
  ["a column that stands twice", `pod,${HEADER}`, `:1: column pod stands twice${EXPECTED}`],
  ["a short row", `${HEADER}a,cart,1\n`, `:2: has 3 fields, the header has 6${EXPECTED}`],
  ["a long row", `${HEADER}a,cart,1,1,0,1,2\n`, `:2: has 7 fields, the header has 6${EXPECTED}`],
  ["no pod id", `${HEADER},cart,1,1,0,1\n`, `:2: pod is empty${EXPECTED}`],
  ["no app", `${HEADER}a,cart,1,1,0,\nb, ,1,1,0,1\n`, `:3: app is empty${EXPECTED}`],
  ["no CPU", `${HEADER}a,cart,,1,0,1\n`, `:2: cpu is empty${EXPECTED}`],
  ["CPU that is no number", `${HEADER}a,cart,500m,1,0,1\n`, `:2: cpu is "500m", not a number${EXPECTED}`],
  ["CPU that is NaN", `${HEADER}a,cart,NaN,1,0,1\n`, `:2: cpu is "NaN", not a number${EXPECTED}`],
  ["hexadecimal", `${HEADER}a,cart,0x10,1,0,1\n`, `:2: cpu is "0x10", not a number${EXPECTED}`],
  ["endless memory", `${HEADER}a,cart,1,1e999,0,1\n`, `:2: mem_gib is "1e999", not a number${EXPECTED}`],
  [
    "too much memory",
    `${HEADER}a,cart,1,1e20,0,1\n`,
    `:2: mem_gib is "1e20", which is out of range${EXPECTED}`,
  ],
  ["negative CPU", `${HEADER}a,cart,-1,1,0,1\n`, `:2: cpu is negative ("-1")${EXPECTED}`],
  ["negative memory", `${HEADER}a,cart,1,-0.5,0,1\n`, `:2: mem_gib is negative ("-0.5")${EXPECTED}`],
  ["a negative time", `${HEADER}a,cart,1,1,-5,1\n`, `:2: create_s is negative ("-5")${EXPECTED}`],
  ["no creation time", `${HEADER}a,cart,1,1,,1\n`, `:2: create_s is empty${EXPECTED}`],
  ["deletion first", `${HEADER}a,cart,1,1,9,8\n`, `:2: delete_s 8 lies before create_s 9${EXPECTED}`],
  ["a pod twice", `${HEADER}a,cart,1,1,0,1\n\na,shop,1,1,0,1\n`, `:4: pod a stands twice${EXPECTED}`],
  [
    "a quote that does not end",
    `${HEADER}"a,cart,1,1,0,1\n`,
    ":2: is not valid CSV: a quoted field does not end",
  ],
  [
    "no pods allowed on a node",
    `${HEADER.trim()},max_per_node\na,b,1,1,0,,0\n`,
    `:2: max_per_node is "0", not a whole number of at least 1${EXPECTED}`,
  ],
  [
    "half a pod per node",
    `${HEADER.trim()},max_per_node\na,b,1,1,0,,1.5\n`,
    `:2: max_per_node is "1.5", not a whole number of at least 1${EXPECTED}`,
  ],
  ["a line without end", "x".repeat(3 * 1024 ** 2), ":1: is longer than 1048576 bytes; is this a CSV file?"],
];

for (const [name, content, where] of MALFORMED) {
  test(`a pod table with ${name} is refused with its place`, async (t) => {
    const path = await writtenFile(t, "pods.csv", content);
    await assert.rejects(loadPodTrace(path), new UsageError(`${path}${where}`));
  });
}

test("a gzip file that was cut short is refused, and so is a damaged one", async (t) => {
  const whole = gzipSync(HEADER + Array.from({ length: 5000 }, (_, i) => `p${i},cart,1,1,${i},\n`).join(""));
  const cut = await writtenFile(t, "cut.csv.gz", whole.subarray(0, whole.length / 2));
  await assert.rejects(
    loadPodTrace(cut),
    new UsageError(`${cut}: ends in the middle of its compressed data; was it copied completely?`),
  );
  const damaged = await writtenFile(t, "damaged.csv.gz", Buffer.from(whole).fill(0xff, 2000, 2100));
  await assert.rejects(
    loadPodTrace(damaged),
    new UsageError(`${damaged}: has damaged gzip data; was it copied completely?`),
  );
});

test("a missing file and a directory are refused", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "berth-"));
  t.after(() => rm(folder, { recursive: true }));
  await assert.rejects(
    loadPodTrace(join(folder, "none")),
    new UsageError(`${join(folder, "none")}: there is no such file`),
  );
  await assert.rejects(
    loadPodTrace(folder),
    new UsageError(`${folder}: is a directory; name a CSV, JSON-lines or Parquet file`),
  );
});

test("a limit takes the first rows and does not look at the rest", async (t) => {
  const path = await writtenFile(t, "pods.csv", `${HEADER}a,cart,1,1,5,\nb,cart,1,1,0,\nbroken\n`);
  const read = await loadPodTrace(path, { limit: 2 });
  assert.deepEqual(
    read.map(({ id }) => id),
    ["a", "b"],
  );
  await assert.rejects(loadPodTrace(path, { limit: 0 }), UsageError);
  await assert.rejects(loadPodTrace(path, { limit: 1.5 }), UsageError);
});

test("the streaming reader finds duplicates inside its window and the loader finds all", async (t) => {
  const rows = ["a", "b", "c", "d", "e", "f", "a"].map((id) => `${id},cart,1,1,0,\n`).join("");
  const path = await writtenFile(t, "pods.csv", HEADER + rows);
  const streamed = async (duplicateWindow: number) =>
    Array.fromAsync(readPodTable(path, { duplicateWindow }));
  assert.equal((await streamed(2)).length, 7);
  await assert.rejects(streamed(6), /:8: pod a stands twice/);
  await assert.rejects(loadPodTrace(path), /:8: pod a stands twice/);
});
