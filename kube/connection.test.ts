import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { isConflict, isExpired, isNotFound, KubeApiError } from "./api-error.ts";
import { serverSideApply } from "./apply.ts";
import { KubeConnection } from "./connection.ts";
import { answerJson, answerStatus, startScriptedServer } from "./scripted-server.ts";
import type { Script } from "./scripted-server.ts";

const POD = { kind: "Pod", metadata: { name: "cart-1" } };
const never = new AbortController().signal;

async function connected(script: Script, options: { token?: () => Promise<string>; base?: string } = {}) {
  const server = await startScriptedServer(script);
  const { base = "", token } = options;
  const connection = new KubeConnection({
    server: `${server.url}${base}`,
    ...(token === undefined ? {} : { token }),
  });
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof OperationError && error.code === code;
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

test("each verb has its method, content type, query and body", async () => {
  await using api = await connected((_request, response) => answerJson(response, 200, POD));
  const { connection, server } = api;
  await connection.get("/api/v1/pods", { limit: 5, labelSelector: "a=b,c", continue: undefined });
  await connection.create("/api/v1/pods", POD);
  await connection.replace("/api/v1/pods/cart-1", POD);
  await connection.patch("/api/v1/pods/cart-1", { x: 1 }, { type: "merge" });
  await connection.patch("/api/v1/pods/cart-1", { x: 1 }, { type: "strategic" });
  await connection.patch("/api/v1/pods/cart-1", [], { type: "json" });
  await connection.delete("/api/v1/pods/cart-1", { gracePeriodSeconds: 0 });
  assert.deepEqual(
    server.requests.map(({ method, headers }) => [method, headers["content-type"]]),
    [
      ["GET", undefined],
      ["POST", "application/json"],
      ["PUT", "application/json"],
      ["PATCH", "application/merge-patch+json"],
      ["PATCH", "application/strategic-merge-patch+json"],
      ["PATCH", "application/json-patch+json"],
      ["DELETE", "application/json"],
    ],
  );
  assert.deepEqual(server.requests[0]?.query, { limit: "5", labelSelector: "a=b,c" });
  assert.deepEqual(server.requests[6]?.body, { gracePeriodSeconds: 0 });
});

test("server-side apply names its manager and may go to a subresource", async () => {
  await using api = await connected((_request, response) => answerJson(response, 200, POD));
  const options = { fieldManager: "berth", force: true, subresource: "status" };
  assert.deepEqual(await serverSideApply(api.connection, "/api/v1/x/a", POD, options), POD);
  const [request] = api.server.requests;
  assert.equal(request?.path, "/api/v1/x/a/status");
  assert.equal(request?.headers["content-type"], "application/apply-patch+yaml");
  assert.deepEqual(request?.query, { fieldManager: "berth", force: "true" });
  assert.deepEqual(request?.body, POD);
});

test("a path in the server's URL goes before every request's, and the token is fetched for each", async () => {
  let tokens = 0;
  const token = async () => `token-${(tokens += 1)}`;
  await using api = await connected((_request, response) => answerJson(response, 200, {}), {
    base: "/clusters/one/",
    token,
  });
  await api.connection.get("/api/v1/nodes");
  await api.connection.get("/api/v1/nodes");
  assert.deepEqual(
    api.server.requests.map(({ path, headers }) => [path, headers.authorization]),
    [
      ["/clusters/one/api/v1/nodes", "Bearer token-1"],
      ["/clusters/one/api/v1/nodes", "Bearer token-2"],
    ],
  );
});

test("a refusal carries its reason, status, causes and the wait it asks for", async () => {
  const causes = [{ reason: "NodeCapacity", message: "too big", field: "spec.resources" }];
  await using api = await connected((_request, response) =>
    response.writeHead(429, { "retry-after": "7" }).end(
      JSON.stringify({
        kind: "Status",
        reason: "TooManyRequests",
        message: "slow down",
        details: { causes },
      }),
    ),
  );
  const error = await api.connection.get("/api/v1/nodes").catch((caught: unknown) => caught);
  assert.ok(error instanceof KubeApiError);
  assert.equal(error.code, "KubeTooManyRequests");
  assert.equal(error.status, 429);
  assert.equal(error.message, "slow down");
  assert.equal(error.retryAfterSeconds, 7);
  assert.deepEqual(error.causes, causes);
});

test("conflict, absence and an expired version are told apart", async () => {
  await using api = await connected(({ path }, response) => {
    if (path === "/conflict") answerStatus(response, 409, "Conflict");
    else if (path === "/exists") answerStatus(response, 409, "AlreadyExists");
    else if (path === "/old") answerStatus(response, 410, "Expired");
    else answerStatus(response, 404, "NotFound");
  });
  const { connection } = api;
  await assert.rejects(connection.get("/conflict"), isConflict);
  await assert.rejects(connection.get("/exists"), (error) => !isConflict(error));
  await assert.rejects(connection.get("/old"), isExpired);
  await assert.rejects(connection.get("/absent"), isNotFound);
});

test("an answer that is no Status still names what a proxy before the API server said", async () => {
  await using api = await connected((_request, response) =>
    response.writeHead(502).end("<h1>bad gateway</h1>"),
  );
  await assert.rejects(api.connection.get("/"), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.equal(error.code, "KubeUnknown");
    assert.match(error.message, /502.*bad gateway/);
    return true;
  });
});

test("what one of Berth's parts says through the API server is told in its own words", async () => {
  await using api = await connected((_request, response) =>
    response.writeHead(404, { "content-type": "application/json" }).end('{"error":"no pod shop/cart"}'),
  );
  await assert.rejects(api.connection.get("/"), (error) => {
    assert.ok(isNotFound(error));
    assert.equal(error.message, "no pod shop/cart");
    return true;
  });
});

test("no server, a cut connection and an answer that never comes are all unreachable", async () => {
  await using api = await connected(({ path }, response) => {
    if (path === "/cut") response.destroy();
    if (path === "/half") response.writeHead(200).write('{"a":', () => response.destroy());
  });
  const { connection, server } = api;
  await assert.rejects(connection.get("/cut"), hasCode("KubeUnreachable"));
  await assert.rejects(connection.get("/half"), hasCode("KubeUnreachable"));
  await assert.rejects(
    connection.request({ method: "GET", path: "/silent", timeoutMs: 20 }),
    hasCode("KubeUnreachable"),
  );
  await server[Symbol.asyncDispose]();
  await assert.rejects(connection.get("/gone"), hasCode("KubeUnreachable"));
});

test("an aborted request says so, and a token that cannot be had is not the network's fault", async () => {
  const token = async () => {
    throw new Error("plugin exited with 1");
  };
  await using api = await connected(() => undefined);
  const aborting = new AbortController();
  const pending = api.connection.request({ method: "GET", path: "/", signal: aborting.signal });
  aborting.abort();
  await assert.rejects(pending, hasCode("KubeAborted"));
  await using withoutToken = await connected(() => undefined, { token });
  await assert.rejects(withoutToken.connection.get("/"), hasCode("KubeCredentials"));
});

test("an empty answer is undefined, and one that is not JSON is malformed", async () => {
  await using api = await connected(({ path }, response) =>
    response.writeHead(200).end(path === "/empty" ? "" : "{"),
  );
  assert.equal(await api.connection.get("/empty"), undefined);
  await assert.rejects(api.connection.get("/broken"), hasCode("KubeMalformed"));
});

test("a server that is not an http URL is the user's mistake", () => {
  assert.throws(() => new KubeConnection({ server: "10.0.0.1:6443" }), UsageError);
  assert.throws(() => new KubeConnection({ server: "ftp://cluster" }), UsageError);
});

test("a watch yields each line, whole even where a character is split across chunks", async () => {
  const bytes = Buffer.from(`${JSON.stringify({ name: "größe" })}\n${JSON.stringify({ n: 2 })}\n`);
  const split = bytes.indexOf(0xc3) + 1;
  await using api = await connected((_request, response) => {
    response.writeHead(200).write(bytes.subarray(0, split), () => response.end(bytes.subarray(split)));
  });
  const events = await collect(api.connection.watch("/api/v1/pods", { resourceVersion: "5" }, never));
  assert.deepEqual(events, [{ name: "größe" }, { n: 2 }]);
  assert.deepEqual(api.server.requests[0]?.query, { watch: "true", resourceVersion: "5" });
});

test("aborting a watch ends it silently and frees the server's side", async () => {
  const closed = Promise.withResolvers<void>();
  await using api = await connected((_request, response) => {
    response.on("close", () => closed.resolve());
    response.writeHead(200).write('{"n":1}\n');
  });
  const aborting = new AbortController();
  const seen: unknown[] = [];
  for await (const event of api.connection.watch("/", {}, aborting.signal)) {
    seen.push(event);
    aborting.abort();
  }
  assert.deepEqual(seen, [{ n: 1 }]);
  await closed.promise;
});

test("leaving a watch's loop closes its connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using api = await connected((_request, response) => {
    response.on("close", () => closed.resolve());
    response.writeHead(200).write('{"n":1}\n');
  });
  for await (const event of api.connection.watch("/", {}, never)) {
    assert.deepEqual(event, { n: 1 });
    break;
  }
  await closed.promise;
});

test("a watch whose connection breaks fails, as does one that is refused", async () => {
  await using api = await connected(({ path }, response) => {
    if (path === "/refused") answerStatus(response, 410, "Expired");
    else response.writeHead(200).write('{"n":1}\n{"n', () => response.destroy());
  });
  await assert.rejects(collect(api.connection.watch("/cut", {}, never)), hasCode("KubeUnreachable"));
  await assert.rejects(collect(api.connection.watch("/refused", {}, never)), isExpired);
});

test("as many watches as are permitted do not hold up a request, and one more is refused", async () => {
  await using api = await connected(({ query }, response) => {
    if (query["watch"] === "true") response.writeHead(200).write('{"n":1}\n');
    else answerJson(response, 200, POD);
  });
  const { connection } = api;
  const aborting = new AbortController();
  const watches = Array.from({ length: 32 }, () => connection.watch("/", {}, aborting.signal));
  await Promise.all(watches.map((watch) => watch.next()));
  assert.deepEqual(await connection.get("/api/v1/pods/cart-1"), POD);
  await assert.rejects(connection.watch("/", {}, aborting.signal).next(), hasCode("KubeTooManyWatches"));
  aborting.abort();
  await Promise.all(watches.map((watch) => watch.next()));
  await connection.watch("/", {}, never).next();
});

test("closing a connection ends its watches", async () => {
  await using api = await connected((_request, response) => response.writeHead(200).write('{"n":1}\n'));
  const watch = api.connection.watch("/", {}, never);
  await watch.next();
  await Promise.all([assert.rejects(watch.next(), hasCode("KubeUnreachable")), api.connection.close()]);
});
