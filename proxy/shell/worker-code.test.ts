import assert from "node:assert/strict";
import { test } from "node:test";

import { workerCode } from "./worker-code.ts";

for (const place of ["thread", "process"] as const) {
  const { entry, sources, subpaths } = workerCode(place);

  test(`every module that an instance in a ${place} imports is part of its code, and none comes from a package`, () => {
    assert.ok(Object.hasOwn(sources, entry));
    for (const [url, source] of Object.entries(sources)) {
      for (const [, specifier = ""] of source.matchAll(/^(?:import|export) [^;]*?from "([^"]+)";$/gm)) {
        const imported = subpaths[specifier] ?? new URL(specifier, url).href;
        assert.ok(Object.hasOwn(sources, imported), `${url} imports ${specifier}`);
      }
    }
  });

  test(`no module of Node's is imported with all that it loads on use in a ${place}`, () => {
    const text = Object.values(sources).join("\n");
    assert.doesNotMatch(text, /from "node:/);
    assert.match(text, /= process\.getBuiltinModule\("node:net"\);/);
  });
}

test("no instance loads node:http, since it serves without it", () => {
  for (const [url, text] of Object.entries(workerCode("thread").sources)) {
    assert.doesNotMatch(text, /"node:https?"/, url);
  }
});
