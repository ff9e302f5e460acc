import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { guard, hostNameOf } from "./guard.ts";

const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
guard(server, { hostNames: ["Berth-UI.berth-system.svc"] });
server.get("/", async () => "page");

test("addresses, localhost and its own names pass, whatever the port", async () => {
  for (const host of [
    "127.0.0.1:8080",
    "[::1]:8080",
    "10.0.0.7",
    "localhost:9",
    "berth-ui.berth-system.svc",
    "app.localhost",
  ])
    assert.equal((await server.inject({ url: "/", headers: { host } })).statusCode, 200, host);
});

test("a name that somebody else points here is refused", async () => {
  for (const host of [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
  ]) {
    const reply = await server.inject({ url: "/", headers: { host } });
    assert.equal(reply.statusCode, 421, host);
    assert.doesNotMatch(reply.body, /^page$/);
  }
});

test("every answer forbids scripts of others, frames, and other origins", async () => {
  const { headers } = await server.inject({ url: "/", headers: { host: "localhost" } });
  assert.match(
    String(headers["content-security-policy"]),
    /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
  );
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["access-control-allow-origin"], undefined);
});

test("a Host header's name is told from its port and its brackets", () => {
  assert.deepEqual(["A.b.:80", "[fe80::1]:1", "x"].map(hostNameOf), ["a.b", "fe80::1", "x"]);
});
