import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf } from "./imports-of.ts";
import { tokensOf } from "./source-tokens.ts";

function specifiersOf(source: string): readonly (string | undefined)[] {
  return importsOf(tokensOf(source)).map(({ specifier }) => specifier);
}

test("every way to import a file is found", () => {
  const ways = [
    `import "./found.ts";`,
    `import found from "./found.ts";`,
    `import { a, type B, default as c, "d-e" as d } from './found.ts';`,
    `import a, * as found from "./found.ts"`,
    `import type { A } from "./found.ts";`,
    `import type from "./found.ts";`,
    `import from from "./found.ts";`,
    `import { from } from "./found.ts";`,
    `import json from "./found.ts" with { type: "json" };`,
    `import\n{\n  a,\n}\nfrom\n"./found.ts"`,
    `import/* why */{a}/* from "./no.ts" */from"./found.ts"`,
    `export { a } from "./found.ts";`,
    `export type { A } from "./found.ts";`,
    `export * from "./found.ts";`,
    `export type * as found from "./found.ts";`,
    `const { a } = await import("./found.ts");`,
    `const { a } = await import("./found.ts", { with: {} });`,
    `type A = import("./found.ts").A;`,
    `const { a } = require("./found.ts");`,
    `const entry = new URL("./found.ts", import.meta.url);`,
    `const entry = import.meta.resolve("./found.ts");`,
    "const text = `${(await import('./found.ts')).a} and ${`${{}}`}`;",
  ];
  for (const way of ways) assert.deepEqual(specifiersOf(way), ["./found.ts"], way);
});

test("what only looks like an import is not found", () => {
  const lookalikes = [
    `// import "./no.ts";`,
    `/* import "./no.ts"; */`,
    `const text = 'import "./no.ts"';`,
    `const text = "it\\"s"; // import "./no.ts"`,
    'const text = `import "./no.ts"; ${1} export * from "./no.ts"`;',
    "const text = `\\`\\${import('./no.ts')}`;",
    `const pattern = /["'\`/*]/; // import "./no.ts"`,
    `const pattern = /[/"]\\/"/g; const text = 'import "./no.ts"';`,
    `const half = (a + b) / 2; const text = 'import "./no.ts"'; const third = c / 3;`,
    `const half = list[0]! / 2; const text = 'import "./no.ts"'; // /`,
    `const half = count++ / 2; const text = 'import "./no.ts"'; // /`,
    "const ratio = `${a}` / 2; const text = 'import \"./no.ts\"'; // /",
    `loader.import("./no.ts"); loader?.import("./no.ts"); this.#import("./no.ts");`,
    `const keys = { import: "./no.ts", export: { from: "./no.ts" } };`,
    `export const from = "./no.ts";`,
    `export { from };\nconst text = "./no.ts";`,
    `export type { from };`,
    `export default from;`,
    `const url = new URL("./no.ts", base);`,
    `const url = new URL("./no.html", import.meta.url);`,
    `const here = import.meta.url;`,
  ];
  for (const lookalike of lookalikes) assert.deepEqual(specifiersOf(lookalike), [], lookalike);
});

test("a dynamic import of anything but a literal has no specifier", () => {
  const evasions = ["import(name)", 'import("./a" + ".ts")', "import(`./a.ts`)", "import((0, name))"];
  for (const evasion of evasions) assert.deepEqual(specifiersOf(evasion), [undefined], evasion);
});

test("an import knows its line", () => {
  const source = '#!/usr/bin/env node\n/* two\nlines */\nconst a = `\n`;\nimport "./found.ts";\n';
  assert.deepEqual(importsOf(tokensOf(source)), [{ kind: "static", specifier: "./found.ts", line: 6 }]);
});

test("what the scanner cannot read is an error with its line", () => {
  for (const source of ['\n"open', "\n/* open", "\n`open", "\n`${open", "\n'new\nline'", "\nx = /open"]) {
    assert.throws(() => tokensOf(source), /^Error: line \d: cannot read/, source);
  }
  assert.throws(() => importsOf(tokensOf("import a = b.c;")), /line 1: an import without a source/);
});
