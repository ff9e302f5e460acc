import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { PROXY_HELP } from "./proxy-config.ts";
import { proxyCommandFromFile } from "./proxy-settings-file.ts";

let folder: string;

before(() => (folder = mkdtempSync(join(tmpdir(), "berth-proxy-settings-"))));
after(() => rmSync(folder, { recursive: true }));

function aFile(settings: string): string {
  const path = join(folder, "proxy.yaml");
  writeFileSync(path, `apiVersion: config.berth.dev/v1alpha1\nkind: Proxy\n${settings}`);
  return path;
}

const SETTINGS =
  "nodeName: n1\nnodeAddress: 10.0.0.1\ncontrolPort: 9000\nlingerSeconds: 5\ncountBypassing: true\n";

test("the file's settings hold where no flag says otherwise", () => {
  const command = proxyCommandFromFile(["--config", aFile(SETTINGS), "--linger-seconds", "7"], {});
  assert.ok(command.kind === "run");
  const { nodeName, controlPort, usagePort, lingerMs, isBypassingCounted } = command.config;
  assert.deepEqual(
    { nodeName, controlPort, usagePort, lingerMs, isBypassingCounted },
    { nodeName: "n1", controlPort: 9_000, usagePort: 0, lingerMs: 7_000, isBypassingCounted: true },
  );
});

test("the settings in force are printed with where each comes from, as a file that can be read again", () => {
  const args = ["--config", aFile(SETTINGS), "--usage-port", "9093", "--print-config"];
  const printed = proxyCommandFromFile(args, {});
  assert.ok(printed.kind === "answer");
  assert.match(printed.text, /^apiVersion: config\.berth\.dev\/v1alpha1\nkind: Proxy\n/);
  for (const line of [
    "controlPort: 9000  # file",
    "usagePort: 9093  # --usage-port",
    "identity: off  # default",
  ])
    assert.match(printed.text.replaceAll('"', ""), new RegExp(`^${line}$`, "m"));
  const path = join(folder, "printed.yaml");
  writeFileSync(path, printed.text);
  const once = proxyCommandFromFile(["--config", path], {});
  assert.deepEqual(once, proxyCommandFromFile(args.slice(0, -1), {}));
});

test("what is wrong in the file is told with its line, and what a flag would refuse as the flag does", () => {
  const refused = (settings: string, expected: RegExp): void =>
    assert.throws(
      () => proxyCommandFromFile(["--config", aFile(settings)], {}),
      (error) => error instanceof UsageError && expected.test(error.message),
    );
  refused(`${SETTINGS}nodeNmae: n2\n`, /proxy\.yaml:8: .*nodeNmae/);
  refused("nodeName: n1\ncontrolPort: many\n", /proxy\.yaml:4: controlPort: .*number/);
  refused(`${SETTINGS}logLevel: loud\n`, /--log-level/);
});

test("every flag that the help names is a setting, too", () => {
  const named = [...PROXY_HELP.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag ?? "");
  const own = new Set(["config", "print-config", "help"]);
  const values: Readonly<Record<string, string>> = {
    nodeAddress: "10.0.0.1",
    controlHost: "10.0.0.1",
    identity: "use",
    meshRoots: "a/b",
    threadCgroups: "on",
    logLevel: "debug",
    apiServer: "http://127.0.0.1:1",
    countBypassing: "true",
  };
  const lines = named
    .filter((flag) => !own.has(flag))
    .map((flag) => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    .map((field) => `${field}: ${values[field] ?? (/Port$|Seconds$/.test(field) ? "1" : "a")}\n`);
  assert.equal(lines.length, 17);
  assert.equal(proxyCommandFromFile(["--config", aFile(lines.join(""))], {}).kind, "run");
});
