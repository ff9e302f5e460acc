import assert from "node:assert/strict";
import { test } from "node:test";

import { parseAbsoluteTarget, parseTunnelTarget } from "./request-target.ts";

test("absolute targets name a host in every notation", () => {
  assert.deepEqual(parseAbsoluteTarget("http://Cart.shop:8080/a?b=1"), {
    host: "cart.shop",
    port: 8080,
    authority: "cart.shop:8080",
    path: "/a?b=1",
  });
  assert.deepEqual(parseAbsoluteTarget("http://[FD00::1]/"), {
    host: "fd00::1",
    port: 80,
    authority: "[fd00::1]",
    path: "/",
  });
  assert.equal(parseAbsoluteTarget("HTTP://10.0.0.1:80")?.authority, "10.0.0.1");
  assert.equal(parseAbsoluteTarget("http://a?x=1")?.path, "/?x=1");
});

test("an OPTIONS request without a path is about the whole server", () => {
  assert.equal(parseAbsoluteTarget("http://a", "OPTIONS")?.path, "*");
  assert.equal(parseAbsoluteTarget("http://a/", "OPTIONS")?.path, "/");
});

test("anything else is no absolute http target", () => {
  const others = ["/a", "*", "a:80", "https://a/", "ftp://a/", "http:///a", "http://u@a/", "http://a:0/"];
  const malformed = [
    "http://a:65536/",
    "http://a:b/",
    "http://[::1/",
    "http://a/#b",
    "http://a b/",
    "http://a\\b/",
  ];
  for (const target of [...others, ...malformed])
    assert.equal(parseAbsoluteTarget(target), undefined, target);
});

test("a tunnel's target is a host and a port, and nothing else", () => {
  assert.deepEqual(parseTunnelTarget("Shop:443"), {
    host: "shop",
    port: 443,
    authority: "shop:443",
    path: "",
  });
  assert.equal(parseTunnelTarget("[::1]:80")?.host, "::1");
  for (const target of ["shop", "shop:", "shop:0", "shop:65536", "http://shop:80", "shop:80/", "a@shop:80"]) {
    assert.equal(parseTunnelTarget(target), undefined, target);
  }
});
