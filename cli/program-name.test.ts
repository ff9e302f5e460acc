import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PLUGIN_FILE, programName } from "./program-name.ts";

const CLI = fileURLToPath(new URL("./berth.ts", import.meta.url));

test("npm installs the command under its own name and under kubectl's for a plugin", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { bin } = JSON.parse(manifest) as { readonly bin: Readonly<Record<string, string>> };
  assert.deepEqual(Object.keys(bin), ["berth", PLUGIN_FILE]);
  assert.equal(bin[PLUGIN_FILE], bin["berth"]);
});

test("usage is told as it was typed", (t) => {
  assert.equal(programName("/usr/local/bin/berth"), "berth");
  const folder = mkdtempSync(join(tmpdir(), "berth-plugin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const plugin = join(folder, PLUGIN_FILE);
  symlinkSync(CLI, plugin);
  const help = (...args: readonly string[]): string =>
    spawnSync(process.execPath, [plugin, ...args, "--help"], { encoding: "utf8" }).stdout;
  assert.match(help(), /^Usage: kubectl berth COMMAND/);
  assert.match(help("top"), /Usage: kubectl berth top nodes\|apps\|instances/);
});
