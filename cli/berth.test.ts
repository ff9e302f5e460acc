import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("./berth.ts", import.meta.url));

function berth(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the version is the package's, by flag and by word", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  for (const word of ["--version", "version"])
    assert.deepEqual(berth(word), { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("help for a command is the command's own help", () => {
  assert.deepEqual(berth("help", "status"), berth("status", "--help"));
  assert.deepEqual(berth("help"), berth());
});

test("a command that there is not is one line and exit code 2, whatever objects inherit", () => {
  for (const word of ["stauts", "toString"]) {
    const { status, stdout, stderr } = berth(word);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.equal(stderr, `there is no command "${word}"; berth --help lists those that there are\n`);
  }
});

test("whoever reads no further ends the command, which says nothing of it", async () => {
  const child = spawn(process.execPath, [CLI, "help", "start"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  assert.deepEqual([status, said], [0, ""]);
});
