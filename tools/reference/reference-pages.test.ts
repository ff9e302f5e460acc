import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";
import { referencePages } from "./reference-pages.ts";

test("docs/reference is what the code says; npm run reference writes it", async () => {
  const pages = await referencePages();
  assert.ok(pages.size > 0);
  for (const [name, text] of pages) {
    const written = readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8");
    assert.equal(written, text, `docs/reference/${name} is out of date; run npm run reference`);
  }
});

test("docs/reference names no default that differs from machine to machine", async () => {
  for (const [name, text] of await referencePages())
    assert.ok(!text.includes(`(default ${hostname()})`), `docs/reference/${name}`);
});
