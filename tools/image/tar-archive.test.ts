import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { tarArchive, type TarFile } from "./tar-archive.ts";

function file(path: string, text = path, mode = 0o644): TarFile {
  return { path, content: Buffer.from(text), mode };
}

function listed(archive: Buffer): readonly string[] {
  return execFileSync("tar", ["--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--file=-"], {
    input: archive,
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " "));
}

test("tar reads the files with their modes, and the folders above them, in the order of their names", () => {
  assert.deepEqual(listed(tarArchive([file("usr/bin/node", "x", 0o755), file("berth/a.ts", "12345")])), [
    "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 berth/",
    "-rw-r--r-- 0/0 5 1970-01-01 00:00:00 berth/a.ts",
    "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 usr/",
    "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 usr/bin/",
    "-rwxr-xr-x 0/0 1 1970-01-01 00:00:00 usr/bin/node",
  ]);
});

test("the same files give the same bytes in whatever order they come", () => {
  const files = [file("a/b"), file("a-b"), file("a/c")];
  assert.ok(tarArchive(files).equals(tarArchive(files.toReversed())));
});

test("tar reads back what was put in, blocks filled to the brim included", () => {
  for (const text of ["", "x".repeat(511), "x".repeat(512), "x".repeat(513)]) {
    const output = execFileSync("tar", ["--extract", "--to-stdout", "--file=-", "one"], {
      input: tarArchive([file("one", text)]),
      encoding: "utf8",
    });
    assert.equal(output, text);
  }
});

test("a path longer than a name may be is split where ustar can, and refused where it cannot", () => {
  const long = `${"folder/".repeat(20)}file`;
  assert.ok(listed(tarArchive([file(long)])).some((line) => line.endsWith(` ${long}`)));
  assert.throws(() => tarArchive([file("x".repeat(101))]), /too long a path/);
});

test("a path that is given twice is refused", () => {
  assert.throws(() => tarArchive([file("a"), file("a")]), /a is in the archive twice/);
});
