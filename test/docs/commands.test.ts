// What documents tell people to type is there: scripts, commands with their flags, folders to apply, files to read.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type Document, documents, relativeLinks, ROOT, shellLines } from "./documents.ts";

const all = documents();
const lines = all.flatMap((document) => shellLines(document).map((line) => ({ path: document.path, line })));

test("every npm script that a document names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Readonly<Record<string, string>>;
  };
  let read = 0;
  for (const { path, text } of all) {
    for (const [, name = ""] of text.matchAll(/\bnpm run (?:--?s(?:ilent)? )?([a-z][a-z0-9:-]*)/g)) {
      read++;
      assert.ok(Object.hasOwn(scripts, name), `${path}: npm run ${name}`);
    }
  }
  assert.ok(read >= 20, `${read} scripts named`);
});

test("every berth command in a shell block exists with its flags, as the reference lists them", () => {
  const known = commandsOfReference();
  let read = 0;
  for (const { path, line } of lines) {
    for (const { command, flags } of berthCommands(line)) {
      read++;
      const name = [...known.keys()].find(
        (heading) => command === heading || command.startsWith(`${heading} `),
      );
      assert.ok(name !== undefined, `${path}: berth ${command}`);
      for (const flag of flags) {
        assert.ok(known.get(name)?.has(flag) === true || flag === "--help", `${path}: berth ${name} ${flag}`);
      }
    }
  }
  assert.ok(read >= 10, `${read} commands`);
});

test("every folder that is to be applied has a kustomization", () => {
  let read = 0;
  for (const { path, text } of all) {
    for (const [, folder = ""] of text.matchAll(/\bkubectl (?:apply|delete|diff) -k ([\w./-]+)/g)) {
      read++;
      assert.ok(existsSync(join(ROOT, folder, "kustomization.yaml")), `${path}: ${folder}`);
    }
  }
  assert.ok(read >= 3, `${read} folders`);
});

test("every relative link of a document leads to something", () => {
  let read = 0;
  for (const document of all) {
    for (const link of relativeLinks(document)) {
      read++;
      assert.ok(existsSync(join(ROOT, dirname(document.path), link)), `${document.path}: ${link}`);
    }
  }
  assert.ok(read >= 40, `${read} links`);
});

test("every guide is linked from the README or a guide", () => {
  const linked = new Set(
    all.flatMap((document: Document) =>
      relativeLinks(document).map((link) => join(dirname(document.path), link)),
    ),
  );
  for (const { path } of all) {
    if (path.startsWith("docs/guides/")) assert.ok(linked.has(path), path);
  }
});

function commandsOfReference(): ReadonlyMap<string, ReadonlySet<string>> {
  const text = readFileSync(join(ROOT, "docs/reference/cli.md"), "utf8");
  const sections = text.split(/^## berth /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [heading = ""] = section.split("\n");
      // Arguments are in capitals; a word of the command is not.
      const name = heading.replace(/\s+[A-Z].*$/, "").trim();
      return [name, new Set(section.match(/--[a-z][a-z0-9-]*/g))];
    }),
  );
}

interface BerthCommand {
  /** Its words up to the first flag. */
  readonly command: string;
  readonly flags: readonly string[];
}

function berthCommands(line: string): readonly BerthCommand[] {
  return line.split(/&&|\||;/).flatMap((part) => {
    const words = part.trim().replace(/\s--\s/, " -- ");
    const typed =
      /^berth (.+)$/.exec(words)?.[1] ??
      /^npm run --silent berth -- (.+)$/.exec(words)?.[1] ??
      prefixed("start", /^npm start(?: --silent)?(?: -- (.*))?$/.exec(words)) ??
      prefixed("sim", /^npm run --silent sim(?: -- (.*))?$/.exec(words));
    if (typed === undefined) return [];
    const flags = typed.match(/(?<=^|\s)--[a-z][a-z0-9-]*/g) ?? [];
    return [{ command: typed.replace(/\s+--.*$/, ""), flags }];
  });
}

function prefixed(command: string, match: RegExpExecArray | null): string | undefined {
  return match === null ? undefined : `${command} ${match[1] ?? ""}`.trim();
}
