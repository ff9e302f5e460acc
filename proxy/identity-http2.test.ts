import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { createServer as createHttp1Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { connect, type TLSSocket } from "node:tls";

import type { AppName } from "#model/brand.ts";
import { allowedCaller, type AllowedCaller, type CallerRules } from "#model/callers.ts";
import { type Logger, silentLogger } from "#runtime/logger.ts";

import { isHttp2Preface } from "./shell/http2/preface.ts";
import type { IdentityMaterial } from "./shell/identity/app-identity.ts";
import type { InstanceCounters } from "./shell/instance-counters.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { askHttp2, startHttp2App } from "./testing/http2-app.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const WEB = "shop/web" as AppName;
const CART = "shop/cart" as AppName;
const HOST = "127.0.0.1";
const CALL = {
  ":method": "POST",
  ":path": "/shop.Cart/Add",
  "content-type": "application/grpc",
  te: "trailers",
};

const authority = await TestAuthority.make();
const foreign = await TestAuthority.make();
const [web, cart] = await Promise.all([authority.certify(WEB), authority.certify(CART)]);

/** The app cart, reached by its inbound port with whatever certificate. */
class CalledNode {
  readonly log: Record<string, unknown>[] = [];
  readonly #context: TestContext;
  readonly bed: HostBed;
  port = 0;

  static async start(
    context: TestContext,
    appPort: number,
    callers: CallerRules = only("shop/web"),
  ): Promise<CalledNode> {
    const node = new CalledNode(context);
    const { bed } = node;
    bed.configure({ app: CART, callers });
    bed.pod("cart-0", { app: CART, port: appPort });
    await until(() => bed.host.instance(CART)?.isServing === true);
    node.certify(cart);
    node.port = bed.ports(CART).inbound;
    return node;
  }

  private constructor(context: TestContext) {
    this.#context = context;
    const logger: Logger = Object.assign(Object.create(silentLogger) as Logger, {
      warn: (line: Record<string, unknown>) => void this.log.push(line),
    });
    this.bed = new HostBed(context, { identity: { mode: "accept", trustDomain: "cluster.local" }, logger });
  }

  certify(material: IdentityMaterial): void {
    this.bed.cluster.listener.identitySeen(CART, material);
  }

  session(caller: Partial<IdentityMaterial>): ClientHttp2Session {
    const { certificate, key } = caller;
    const client = connectHttp2(`https://${HOST}:${this.port}`, {
      cert: certificate,
      key,
      rejectUnauthorized: false,
    });
    client.on("error", () => undefined);
    this.#context.after(() => client.destroy());
    return client;
  }

  async handshake(caller: IdentityMaterial, protocols?: string[]): Promise<TLSSocket> {
    const { certificate: cert, key } = caller;
    const socket = connect({
      host: HOST,
      port: this.port,
      cert,
      key,
      rejectUnauthorized: false,
      servername: "",
      ...(protocols !== undefined && { ALPNProtocols: protocols }),
    });
    this.#context.after(() => socket.destroy());
    await once(socket, "secureConnect");
    return socket;
  }

  audits(): readonly Record<string, unknown>[] {
    return this.log.filter(({ audit }) => audit === "caller-refused");
  }
}

function only(...texts: readonly string[]): CallerRules {
  const allowed = texts.map(allowedCaller).filter((rule): rule is AllowedCaller => rule !== undefined);
  return { allowed, withoutIdentity: "refuse" };
}

/** Says everything back, and ends with the status of a call that went well. */
function startGrpcApp(context: TestContext): ReturnType<typeof startHttp2App> {
  return startHttp2App(context, (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "fine" }));
    stream.pipe(stream);
  });
}

/** Answers each version of HTTP on the same port, as its first bytes ask for. */
async function startAppOfBoth(context: TestContext): Promise<number> {
  const http1 = createHttp1Server((_request, response) => response.end("by HTTP/1.1"));
  const http2 = createHttp2Server((_request, response) => response.end("by HTTP/2"));
  const server = createServer((socket) => {
    socket.once("data", (bytes: Buffer) => {
      socket.pause();
      socket.unshift(bytes);
      const isHttp2 = isHttp2Preface(bytes);
      (isHttp2 ? http2 : http1).emit("connection", socket);
      if (!isHttp2) socket.resume();
    });
  });
  server.listen(0, HOST);
  await once(server, "listening");
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A call that streams both ways for as long as the test goes on. */
class OpenCall {
  readonly #stream: ReturnType<ClientHttp2Session["request"]>;
  #heard = "";
  #said = "";
  #trailers: IncomingHttpHeaders = {};

  constructor(client: ClientHttp2Session) {
    this.#stream = client.request(CALL);
    this.#stream.setEncoding("latin1").on("data", (chunk: string) => (this.#heard += chunk));
    this.#stream.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
  }

  async say(word: string): Promise<void> {
    this.#said += word;
    this.#stream.write(word);
    await until(() => this.#heard === this.#said);
  }

  /** @returns the status of the call. */
  async end(): Promise<unknown> {
    this.#stream.end();
    await once(this.#stream, "close");
    return this.#trailers["grpc-status"];
  }
}

test("a caller's calls of gRPC come by one connection of TLS, and are answered with their trailers", async (context) => {
  const app = await startGrpcApp(context);
  const node = await CalledNode.start(context, app.port);
  const client = node.session(web);
  const body = Buffer.alloc(300_000, "x");
  const answers = await Promise.all(Array.from({ length: 8 }, () => askHttp2(client, CALL, body)));
  for (const { headers, body: echo, trailers } of answers) {
    assert.equal(headers[":status"], 200);
    assert.equal(echo, body.toString());
    assert.deepEqual([trailers["grpc-status"], trailers["grpc-message"]], ["0", "fine"]);
  }
  assert.deepEqual([client.encrypted, client.alpnProtocol], [true, "h2"]);
  assert.deepEqual([app.seen[0]?.[":scheme"], app.seen[0]?.["te"]], ["http", "trailers"]);
  client.close();
  const counters = (): InstanceCounters => node.bed.instance(CART).counters;
  await until(() => counters().connections() === 0);
  const { connectionsOpened, requests, responses, bytesReceived, bytesSent } = counters().read().inbound;
  assert.deepEqual([connectionsOpened, requests, responses["2xx"]], [1, 8, 8]);
  for (const bytes of [bytesReceived, bytesSent])
    assert.ok(bytes > 2_400_000 && bytes < 2_600_000, `${bytes}`);
});

test("a call of gRPC over TLS streams both ways, word by word", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  const call = new OpenCall(node.session(web));
  for (const word of ["one", "two", "three"]) await call.say(word);
  assert.equal(await call.end(), "0");
});

for (const [what, offered, agreed] of [
  ["HTTP/1.1 alone", ["http/1.1"], "http/1.1"],
  ["no protocol", undefined, false],
] as const) {
  test(`a client that offers ${what} is answered by HTTP/1.1, beside one of HTTP/2 on the same port`, async (context) => {
    const node = await CalledNode.start(context, await startAppOfBoth(context));
    const socket = await node.handshake(web, offered && [...offered]);
    assert.equal(socket.alpnProtocol, agreed);
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.write("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
    await once(socket, "close");
    assert.match(text, /^HTTP\/1.1 200 [^]*by HTTP\/1.1/);
    const { body } = await askHttp2(node.session(web), { ":path": "/" });
    assert.equal(body, "by HTTP/2");
  });
}

test("a client that offers both gets HTTP/2, and is told so before it sends anything", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  const socket = await node.handshake(web, ["http/1.1", "h2"]);
  assert.equal(socket.alpnProtocol, "h2");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  // The type of the server's first frame: SETTINGS.
  assert.equal(bytes[3], 4);
});

test("HTTP/2 that the handshake did not agree on is a malformed request", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  const socket = await node.handshake(web, ["http/1.1"]);
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.end("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await once(socket, "close");
  assert.match(text, /^HTTP\/1.1 400 /);
});

test("a client that offers neither ends with an alert", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  await assert.rejects(node.handshake(web, ["spdy/3"]), {
    code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  });
  assert.equal((await askHttp2(node.session(web), CALL, Buffer.from("x"))).headers[":status"], 200);
});

const LONG_AGO_MS = Date.now() - 48 * 3_600_000;

test("callers that are refused are told why by HTTP/2, and audited once for each call", async (context) => {
  const app = await startGrpcApp(context);
  const node = await CalledNode.start(context, app.port);
  const refused = [
    { caller: await authority.certify("shop/wish"), reason: "caller-not-allowed", name: /^shop\/wish$/ },
    { caller: {}, reason: "identity-required", name: /^unidentified$/ },
    { caller: await foreign.certify(WEB), reason: "certificate-foreign", name: /^unproven: URI:spiffe:/ },
    {
      caller: await authority.certify(WEB, { nowMs: LONG_AGO_MS }),
      reason: "certificate-expired",
      name: /^unproven: URI:spiffe:/,
    },
  ];
  for (const { caller, reason } of refused) {
    const { headers } = await askHttp2(node.session(caller), CALL, Buffer.from("x"));
    assert.deepEqual([headers[":status"], headers["x-berth-reason"]], [403, reason]);
  }
  await until(() => node.audits().length >= refused.length);
  assert.equal(node.audits().length, refused.length);
  for (const { reason, name } of refused) {
    const audit = node.audits().find((entry) => entry["reason"] === reason);
    assert.deepEqual([audit?.["count"], audit?.["app"]], [1, CART]);
    assert.match(String(audit?.["caller"]), name);
  }
  assert.equal(app.seen.length, 0);
});

test("certificates and roots are exchanged while calls are open, and none is lost", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  const clients = [node.session(web), node.session(web)];
  const calls = clients.flatMap((client) => Array.from({ length: 4 }, () => new OpenCall(client)));
  const sayAll = (word: string): Promise<unknown> => Promise.all(calls.map((call) => call.say(word)));
  await sayAll("before ");
  const next = await TestAuthority.make();
  const roots = authority.root + next.root;
  const shownAlready = new Set<string>();
  for (const material of [
    await authority.certify(CART),
    await authority.certify(CART, { roots }),
    await next.certify(CART, { roots }),
    await next.certify(CART, { roots: next.root }),
  ]) {
    node.certify(material);
    const expected = material.certificate.replaceAll(/-----.*-----|\s/g, "");
    // Until the news has reached the worker.
    let shown = "";
    for (let times = 0; times < 200 && shown !== expected; times++) {
      const socket = await node.handshake(web, ["h2"]);
      shown = socket.getPeerX509Certificate()?.raw.toString("base64") ?? "";
      assert.equal(socket.alpnProtocol, "h2");
      socket.destroy();
    }
    assert.equal(shown, expected);
    shownAlready.add(shown);
    await sayAll("after ");
  }
  assert.equal(shownAlready.size, 4);
  assert.deepEqual(await Promise.all(calls.map((call) => call.end())), Array(8).fill("0"));
  const later = await askHttp2(node.session(await next.certify(WEB)), CALL, Buffer.from("x"));
  assert.equal(later.trailers["grpc-status"], "0");
  const { reasons, connectionsOpened } = node.bed.instance(CART).counters.read().inbound;
  assert.deepEqual(reasons, {});
  assert.ok(connectionsOpened >= 2 + 4 + 1);
});

test("a connection whose caller's certificate nears its end takes leave, and its calls are finished", async (context) => {
  const node = await CalledNode.start(context, (await startGrpcApp(context)).port);
  const client = node.session(await authority.certify(WEB, { lifeMs: 50_000 }));
  const call = new OpenCall(client);
  await call.say("one");
  await until(() => client.closed);
  await call.say("two");
  assert.equal(await call.end(), "0");
  const { reasons } = node.bed.instance(CART).counters.read().inbound;
  assert.deepEqual(reasons, {});
});
