import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { CONFIG_API_VERSION, loadConfig } from "./config.ts";
import { UsageError } from "./usage-error.ts";

const KIND = {
  kind: "Toy",
  usage: "berth toy",
  summary: "A toy.",
  schema: z.strictObject({
    holdSeconds: z.number().positive().default(30).describe("how long to hold"),
    name: z.string().optional().describe("its name"),
    isLoud: z.boolean().default(false).describe("say more"),
    port: z.int().min(0).max(65_535).default(80).describe("where to listen"),
  }),
};

let folder: string;

before(() => (folder = mkdtempSync(join(tmpdir(), "berth-config-"))));
after(() => rmSync(folder, { recursive: true }));

function aFile(settings: string): string {
  const path = join(folder, "toy.yaml");
  writeFileSync(path, `apiVersion: ${CONFIG_API_VERSION}\nkind: Toy\n${settings}`);
  return path;
}

function configOf(...argv: readonly string[]): object {
  const loaded = loadConfig(KIND, argv);
  assert.equal(loaded.kind, "run");
  return loaded.kind === "run" ? loaded.config : {};
}

function answerOf(...argv: readonly string[]): string {
  const loaded = loadConfig(KIND, argv);
  assert.equal(loaded.kind, "answer");
  return loaded.kind === "answer" ? loaded.text : "";
}

function assertUsage(argv: readonly string[], expected: RegExp): void {
  assert.throws(
    () => loadConfig(KIND, argv),
    (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, expected);
      return true;
    },
  );
}

test("defaults give way to the file, and the file to flags", () => {
  const path = aFile("holdSeconds: 5\nport: 81\n");
  assert.deepEqual(configOf(), { holdSeconds: 30, isLoud: false, port: 80 });
  assert.deepEqual(configOf("--config", path, "--port", "82", "--is-loud"), {
    holdSeconds: 5,
    isLoud: true,
    port: 82,
  });
});

test("the settings in force are printed with where each comes from, as a file that can be read again", () => {
  const path = aFile("holdSeconds: 5\n");
  const text = answerOf("--config", path, "--port", "82", "--print-config");
  assert.equal(
    text,
    `apiVersion: ${CONFIG_API_VERSION}\nkind: Toy\nholdSeconds: 5  # file\nisLoud: false  # default\nport: 82  # --port\n`,
  );
  writeFileSync(path, text);
  assert.deepEqual(configOf("--config", path), { holdSeconds: 5, isLoud: false, port: 82 });
});

test("help names every flag, what it takes and its default", () => {
  const text = answerOf("--help");
  assert.match(text, /^A toy\.\n\nUsage: berth toy \[options\]\n/);
  assert.match(text, /^ {2}--hold-seconds N +how long to hold \(default 30\)$/m);
  assert.match(text, /^ {2}--name TEXT +its name$/m);
  assert.match(text, /^ {2}--is-loud +say more$/m);
  assert.match(text, /^ {2}--config TEXT /m);
  assert.match(text, /^ {2}--print-config /m);
  assert.equal(answerOf("-h", "--nonsense"), text);
});

test("a wrong flag is named, with what is wrong about it", () => {
  assertUsage(["--nonsense"], /^Unknown option '--nonsense'; --help lists the options$/);
  assertUsage(["--port"], /--port.*argument missing/);
  assertUsage(["--port", "many"], /^--port: "many" is not a number$/);
  assertUsage(["--port", ""], /^--port: "" is not a number$/);
  assertUsage(["--port", "-1"], /^--port is followed by .* write --port=…; --help lists the options$/);
  assertUsage(["--port", "70000", "--hold-seconds", "0"], /^--hold-seconds: .*\n--port: /);
  assertUsage(["--is-loud=yes"], /--is-loud/);
  assertUsage(["extra"], /extra/);
});

test("what is wrong in the file is told with its line", () => {
  const path = aFile("port: 81\nporrt: 82\n");
  assertUsage(["--config", path], /toy\.yaml:4: Toy has no setting "porrt"$/);
  const two = aFile("portt: 81\nport: 82\nloud: true\n");
  assertUsage(["--config", two], /toy\.yaml:3: .*"portt"\n.*toy\.yaml:5: .*"loud"$/);
  assertUsage(["--config", aFile("port: 81\nholdSeconds: long\n")], /toy\.yaml:4: holdSeconds: .*number/);
  assertUsage(["--config", aFile("port: [81\n")], /toy\.yaml:[34]: /);
  assertUsage(["--config", aFile("port: 81\nport: 82\n")], /^[^\n]*toy\.yaml:4: Map keys must be unique$/);
});

test("a file of another kind or version, an empty one or none at all is refused", () => {
  const path = aFile("");
  writeFileSync(path, `apiVersion: ${CONFIG_API_VERSION}\nkind: Other\n`);
  assertUsage(["--config", path], /toy\.yaml:2: kind: .*Toy/);
  writeFileSync(path, `kind: Toy\napiVersion: v1\n`);
  assertUsage(["--config", path], /toy\.yaml:2: apiVersion: /);
  writeFileSync(path, "");
  assertUsage(["--config", path], /toy\.yaml:1: apiVersion: .*\n.*toy\.yaml:1: kind: .*Toy/);
  assertUsage(["--config", join(folder, "absent.yaml")], /^cannot read the settings file .*absent\.yaml/);
});

test("an alias of nothing, or a file that multiplies itself by aliases, is refused", () => {
  assertUsage(["--config", aFile("name: *nobody\n")], /toy\.yaml: .*nobody/);
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [from, to] of ["ab", "bc", "cd", "de"].map((pair) => [pair[0], pair[1]]))
    lines.push(`${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(", ")}]`);
  assertUsage(["--config", aFile(`${lines.join("\n")}\n`)], /toy\.yaml/);
});
