import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { createHttpServer, listen } from "./http-server.ts";
import { silentLogger } from "./logger.ts";
import { UsageError } from "./usage-error.ts";

const HERE = { host: "127.0.0.1", port: 0 };

let logged: unknown[];
let server: FastifyInstance;

beforeEach(() => {
  logged = [];
  const error = (entry: unknown): void => void logged.push(entry);
  server = createHttpServer({ bodyBytesMax: 64, logger: { ...silentLogger, error } });
  server.post("/echo", async ({ body }) => body);
  server.get("/broken", async () => {
    throw new Error("a fault of ours");
  });
});

afterEach(() => server.close());

async function post(url: string, body: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  return (await fetch(`${url}/echo`, { method: "POST", headers, body })).status;
}

test("a body up to the limit is read, and a larger one refused", async () => {
  const url = await listen(server, HERE);
  assert.equal(await post(url, JSON.stringify("x".repeat(62))), 200);
  assert.equal(await post(url, JSON.stringify("x".repeat(63))), 413);
});

test("failures of ours are logged, and those of callers are not", async () => {
  const url = await listen(server, HERE);
  assert.equal(await post(url, "{"), 400);
  assert.deepEqual(logged, []);
  assert.equal((await fetch(`${url}/broken`)).status, 500);
  assert.equal(logged.length, 1);
});

test("idle connections outlive those of Go's client, which does not retry a reset POST", async () => {
  await listen(server, HERE);
  assert.ok(server.server.keepAliveTimeout > 90_000);
});

test("a port in use or an address of another machine is the user's to mend", async () => {
  const url = await listen(server, HERE);
  const second = createHttpServer({ bodyBytesMax: 64, logger: silentLogger });
  const port = Number(new URL(url).port);
  await assert.rejects(listen(second, { host: "127.0.0.1", port }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, `port ${port} on 127.0.0.1 is in use; choose another one`);
    return true;
  });
  await second.close();
  const third = createHttpServer({ bodyBytesMax: 64, logger: silentLogger });
  await assert.rejects(
    listen(third, { host: "192.0.2.1", port: 0 }),
    /192\.0\.2\.1 is not an address of this machine/,
  );
  await third.close();
});
