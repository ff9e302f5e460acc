import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { silentLogger } from "#runtime/logger.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { assetRoutes } from "./asset-routes.ts";
import { Assets } from "./assets.ts";

const assets = new Assets();
const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
await server.register(assetRoutes, { assets });

const text = (path: string): string => assets.get(path)?.body.toString() ?? "";

test("every module that a module imports is served, and the page loads all of them at once", () => {
  const scripts = assets.paths.filter((path) => path.endsWith(".js"));
  assert.ok(scripts.length > 10);
  for (const path of scripts) {
    const imported = [...text(path).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)].map(
      ([, name]) => `assets/${name}`,
    );
    assert.deepEqual(
      imported.filter((name) => !scripts.includes(name)),
      [],
      path,
    );
    assert.match(text(""), new RegExp(`modulepreload" href="./${path.replaceAll(".", "\\.")}"`));
  }
});

test("the page has no script and no style of its own, and names no other server", () => {
  assert.doesNotMatch(text(""), /<script(?![^>]* src=)|<style|style=|https?:\/\//);
  assert.doesNotMatch(text(""), /\{\{/);
});

test("what is served is JavaScript, without types and without anything of Node", () => {
  for (const path of assets.paths.filter((path) => path.endsWith(".js"))) {
    assert.doesNotMatch(text(path), /^import type/m);
    assert.doesNotMatch(text(path), /["']node:/);
    assert.doesNotMatch(text(path), /from "#/);
  }
});

test("names change with the content and are kept for ever; the page is asked for each time", async () => {
  const script = assets.paths.find((path) => path.endsWith(".js")) ?? "";
  const kept = await server.inject({ url: `/${script}` });
  assert.match(String(kept.headers["cache-control"]), /immutable/);
  const page = await server.inject({ url: "/" });
  assert.equal(page.headers["cache-control"], "no-cache");
  const again = await server.inject({ url: "/", headers: { "if-none-match": String(page.headers.etag) } });
  assert.equal(again.statusCode, 304);
});

test("a browser gets the encoding that it takes", async () => {
  const ask = (accepted: string) => server.inject({ url: "/", headers: { "accept-encoding": accepted } });
  assert.equal(brotliDecompressSync((await ask("gzip, br")).rawPayload).toString(), text(""));
  assert.equal(gunzipSync((await ask("gzip, br;q=0")).rawPayload).toString(), text(""));
  assert.equal((await ask("")).body, text(""));
});

test("every block of the style ends where it should", () => {
  const style = assets.paths.find((path) => path.endsWith(".css")) ?? "";
  let depth = 0;
  for (const line of text(style).split("\n")) {
    depth += line.split("{").length - line.split("}").length;
    // A rule that begins at the line's start is within no other, so that none was left open before it.
    if (/^[.@:a-z*][^{}]*\{\s*$/.test(line)) assert.equal(depth, 1, line);
  }
  assert.equal(depth, 0);
});
