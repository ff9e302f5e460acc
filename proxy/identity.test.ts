import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectPlain, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { connect } from "node:tls";

import type { AppName } from "#model/brand.ts";
import { allowedCaller, type AllowedCaller, type CallerRules } from "#model/callers.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import { type Logger, silentLogger } from "#runtime/logger.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import type { IdentityMaterial, IdentityMode } from "./shell/identity/app-identity.ts";
import { ServiceTable } from "./shell/service-table.ts";
import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { type ClientAnswer, send } from "./testing/http-client.ts";
import { RawClient } from "./testing/raw-client.ts";
import { SteadyClient } from "./testing/steady-client.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const WEB = "shop/web" as AppName;
const CART = "shop/cart" as AppName;
const [OWN, OTHER] = ["127.0.0.1", "127.0.0.2"];
const URL_OF_CART = "http://cart/";

const authority = await TestAuthority.make();
const foreign = await TestAuthority.make();
const [web, cart] = await Promise.all([authority.certify(WEB), authority.certify(CART)]);

interface MeshOptions {
  readonly mode?: IdentityMode;
  readonly web?: IdentityMaterial;
  readonly cart?: IdentityMaterial;
  readonly callers?: CallerRules;
}

/** The app web on one node calls the app cart on another, each by its own proxy. */
class TwoNodes {
  readonly services = new ServiceTable({ nodeAddress: OWN, clock: systemClock() });
  readonly log: Record<string, unknown>[] = [];
  readonly #context: TestContext;
  readonly web: HostBed;
  readonly cart: HostBed;
  requests = 0;
  outbound = 0;
  inbound = 0;

  static async start(context: TestContext, options: MeshOptions = {}): Promise<TwoNodes> {
    const nodes = new TwoNodes(context, options);
    await nodes.#begin(options);
    return nodes;
  }

  private constructor(context: TestContext, { mode = "use" }: MeshOptions) {
    this.#context = context;
    const identity = { mode, trustDomain: "cluster.local" };
    const logger: Logger = Object.assign(Object.create(silentLogger) as Logger, {
      warn: (line: Record<string, unknown>) => void this.log.push(line),
    });
    this.web = new HostBed(context, { services: this.services, identity });
    this.cart = new HostBed(context, { nodeAddress: OTHER, identity, logger });
  }

  async #begin({ callers, ...certified }: MeshOptions): Promise<void> {
    const app = await startApp(this.#context, (_request, response) => {
      this.requests += 1;
      response.end("answer");
    });
    await this.#serve(this.web, WEB, { port: 1 });
    await this.#serve(this.cart, CART, { port: app.port, ...(callers !== undefined && { callers }) });
    this.outbound = this.web.ports(WEB).outbound;
    this.inbound = this.cart.ports(CART).inbound;
    if (certified.web !== undefined) this.web.cluster.listener.identitySeen(WEB, certified.web);
    if (certified.cart !== undefined) this.cart.cluster.listener.identitySeen(CART, certified.cart);
    this.services.sliceSeen(
      aNodeSlice({ inboundPort: this.inbound, entries: [aNodeEntry({ node: "other", address: OTHER })] }),
    );
  }

  async #serve(
    bed: HostBed,
    app: AppName,
    { port, callers }: { readonly port: number; readonly callers?: CallerRules },
  ): Promise<void> {
    const ports: AppPorts = { inbound: 0, outbound: 0 };
    bed.cluster.listener.settingsSeen({ app, quota: {}, ports, ...(callers !== undefined && { callers }) });
    bed.pod(`${app}-0`, { app, port });
    await until(() => bed.host.instance(app)?.isServing === true);
  }

  ask(): Promise<ClientAnswer> {
    return send({ port: this.outbound, path: URL_OF_CART });
  }

  /** As whoever has that certificate, straight to the other node's inbound port. */
  async askAs(material: Partial<IdentityMaterial>): Promise<string> {
    const socket = connect({
      host: OTHER,
      port: this.inbound,
      cert: material.certificate,
      key: material.key,
      rejectUnauthorized: false,
      servername: "",
    });
    return answerOf(socket);
  }

  async audit(): Promise<Record<string, unknown>> {
    const found = (): Record<string, unknown> | undefined =>
      this.log.find(({ audit }) => audit === "caller-refused");
    await until(() => found() !== undefined);
    return found() ?? {};
  }
}

async function answerOf(socket: ReturnType<typeof connectPlain>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.on("error", reject).on("close", () => resolve(text));
  socket.write("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
  return promise;
}

function only(...texts: readonly string[]): CallerRules {
  const allowed = texts.map(allowedCaller).filter((rule): rule is AllowedCaller => rule !== undefined);
  return { allowed, withoutIdentity: "refuse" };
}

const BOTH = { web, cart };

test("a caller that is allowed reaches the app on another node by mutual TLS, over connections that are kept", async (context) => {
  const mesh = await TwoNodes.start(context, { ...BOTH, callers: only("shop/web") });
  for (let times = 0; times < 20; times++) {
    const { statusCode, body } = await mesh.ask();
    assert.deepEqual([statusCode, body.toString()], [200, "answer"]);
  }
  const { inbound } = mesh.cart.instance(CART).counters.read();
  assert.equal(inbound.connectionsOpened, 1);
  assert.deepEqual(inbound.reasons, {});
});

test("requests in a tunnel to the app show who asks, as those without a tunnel", async (context) => {
  const mesh = await TwoNodes.start(context, { ...BOTH, callers: only("shop/web") });
  const client = new RawClient(context, mesh.outbound);
  client.send("CONNECT cart:80 HTTP/1.1\r\nHost: cart\r\n\r\n");
  await client.received("\r\n\r\n");
  client.send("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
  await client.received("answer");
  // And so does what speaks HTTP/2 from the start, as gRPC does.
  const session = connectHttp2("http://cart", {
    createConnection: () => tunnelTo(mesh.outbound) as never,
  });
  const stream = session.request({ ":path": "/" });
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  // The app behind speaks HTTP/1.1 alone: what matters is that the proxy there let the caller in.
  assert.notEqual(head[":status"], 403);
  session.destroy();
  assert.deepEqual(mesh.cart.instance(CART).counters.read().inbound.reasons["identityRequired"], undefined);
});

/** A connection that asks for a tunnel and takes it as open. */
function tunnelTo(port: number): Socket {
  const socket = connectPlain({ port, host: OWN });
  socket.write("CONNECT cart:80 HTTP/1.1\r\nHost: cart\r\n\r\n");
  const tunnel = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, done) => void socket.write(bytes, () => done()),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  let isOpen = false;
  socket.on("data", (bytes: Buffer) => {
    const end = isOpen ? 0 : bytes.indexOf("\r\n\r\n") + 4;
    isOpen = true;
    if (end < bytes.length) tunnel.push(bytes.subarray(end));
  });
  socket.on("close", () => tunnel.push(null));
  socket.on("error", () => tunnel.destroy());
  return tunnel as Socket;
}

test("a caller that is not named is refused, told so, and audited with its identity", async (context) => {
  const mesh = await TwoNodes.start(context, { ...BOTH, callers: only("shop/admin", "ops/*") });
  for (let times = 0; times < 3; times++) {
    const { statusCode, headers } = await mesh.ask();
    assert.deepEqual([statusCode, headers["x-berth-reason"]], [403, "caller-not-allowed"]);
  }
  assert.equal(mesh.requests, 0);
  const { reason, caller, address, count, app } = await mesh.audit();
  assert.deepEqual([reason, caller, address, count, app], ["caller-not-allowed", WEB, OWN, 3, CART]);
});

test("whoever shows no identity is let in by default, and refused where the profile asks for one", async (context) => {
  const open = await TwoNodes.start(context, BOTH);
  const plain = (mesh: TwoNodes): Promise<string> =>
    answerOf(connectPlain({ host: OTHER, port: mesh.inbound }));
  assert.match(await plain(open), /^HTTP\/1.1 200 /);
  const closed = await TwoNodes.start(context, { ...BOTH, callers: { withoutIdentity: "refuse" } });
  assert.match(await plain(closed), /^HTTP\/1.1 403 [^]*x-berth-reason: identity-required/i);
  assert.match(await closed.askAs({}), /^HTTP\/1.1 403 [^]*x-berth-reason: identity-required/i);
  const { statusCode } = await closed.ask();
  assert.equal(statusCode, 200);
});

const LONG_AGO_MS = Date.now() - 48 * 3_600_000;
for (const [what, material, reason] of [
  ["an expired certificate", authority.certify(WEB, { nowMs: LONG_AGO_MS }), "certificate-expired"],
  ["a certificate of another authority", foreign.certify(WEB), "certificate-foreign"],
  [
    "a certificate of another trust domain",
    authority.certify(WEB, { trustDomain: "b.example" }),
    "identity-malformed",
  ],
] as const) {
  test(`${what} is refused where anybody else is let in, and audited with what it claims`, async (context) => {
    const mesh = await TwoNodes.start(context, BOTH);
    const answer = await mesh.askAs(await material);
    assert.match(answer, new RegExp(`^HTTP/1.1 403 [^]*x-berth-reason: ${reason}`, "i"));
    assert.equal(mesh.requests, 0);
    const audit = await mesh.audit();
    assert.equal(audit["reason"], reason);
    assert.match(String(audit["caller"]), /unproven: URI:spiffe:.*\/ns\/shop\/app\/web/);
  });
}

for (const [what, material] of [
  ["another app", authority.certify("shop/wish")],
  ["an app of another authority", foreign.certify(CART)],
  ["what has long expired", authority.certify(CART, { nowMs: LONG_AGO_MS })],
] as const) {
  test(`to a node that proves to be ${what} nothing is sent`, async (context) => {
    const mesh = await TwoNodes.start(context, { web, cart: await material });
    const { statusCode, headers } = await mesh.ask();
    assert.deepEqual([statusCode, headers["x-berth-reason"]], [502, "peer-unproven"]);
    assert.equal(mesh.requests, 0);
    assert.equal(mesh.cart.instance(CART).counters.read().inbound.requests, 0);
  });
}

test("a node that does not speak TLS is not talked to in plain text instead", async (context) => {
  const mesh = await TwoNodes.start(context, { web, mode: "use" });
  const plain = await startApp(context);
  mesh.services.sliceSeen(
    aNodeSlice({ inboundPort: plain.port, entries: [aNodeEntry({ node: "plain", address: OWN })] }),
  );
  await until(() => mesh.services.counts().updates === 2);
  let reason: unknown;
  for (let times = 0; times < 200 && reason !== "peer-unproven"; times++)
    reason = (await mesh.ask()).headers["x-berth-reason"];
  assert.equal(reason, "peer-unproven");
});

test("requests wait for the app's first certificate, the caller's and the other's", async (context) => {
  const mesh = await TwoNodes.start(context, { callers: only("shop/web") });
  const waiting = Promise.all([mesh.ask(), mesh.ask()]);
  mesh.web.cluster.listener.identitySeen(WEB, web);
  mesh.cart.cluster.listener.identitySeen(CART, cart);
  for (const { statusCode } of await waiting) assert.equal(statusCode, 200);
});

test("a proxy is ready once its apps can prove who they are, and stays so while a signer is away", async (context) => {
  const mesh = await TwoNodes.start(context, { cart });
  assert.deepEqual(mesh.web.host.readiness(), { kind: "not-ready", reason: "instances", apps: [WEB] });
  mesh.web.cluster.listener.identitySeen(WEB, web);
  await until(() => mesh.web.host.readiness().kind === "ready");
  await mesh.web.serve("shop/uncertified", 1);
  assert.equal(mesh.web.host.readiness().kind, "ready");
});

test("in mode accept a node's own requests stay plain, and others' identities count", async (context) => {
  const mesh = await TwoNodes.start(context, { ...BOTH, mode: "accept", callers: only("shop/web") });
  const { statusCode, headers } = await mesh.ask();
  assert.deepEqual([statusCode, headers["x-berth-reason"]], [403, "identity-required"]);
  assert.match(await mesh.askAs(web), /^HTTP\/1.1 200 /);
});

test("certificates and roots are exchanged under load without a failed request", async (context) => {
  const mesh = await TwoNodes.start(context, { ...BOTH, callers: only("shop/web") });
  const clients = Array.from({ length: 4 }, () => new SteadyClient(mesh.outbound, URL_OF_CART));
  const answered = (): number => clients.reduce((sum, client) => sum + client.answered, 0);
  let [signer, roots] = [authority, authority.root];
  for (let round = 0; round < 6; round++) {
    // Every third round a new root: told to both, then it signs, then the old one goes.
    const next = round % 3 === 0 ? await TestAuthority.make() : signer;
    const steps = [
      { by: signer, roots: roots + next.root },
      { by: next, roots: roots + next.root },
      { by: next, roots: next.root },
    ];
    for (const { by, roots: trusted } of steps) {
      const before = answered();
      mesh.web.cluster.listener.identitySeen(WEB, await by.certify(WEB, { roots: trusted }));
      mesh.cart.cluster.listener.identitySeen(CART, await by.certify(CART, { roots: trusted }));
      await until(() => answered() >= before + 20);
    }
    [signer, roots] = [next, next.root];
  }
  await Promise.all(clients.map((client) => client.stop()));
  const failed = clients.reduce((sum, client) => sum + client.failed, 0);
  context.diagnostic(
    `${answered()} requests over 18 exchanges of certificates and 2 of the root, ${failed} failed`,
  );
  assert.equal(failed, 0);
  assert.deepEqual(mesh.cart.instance(CART).counters.read().inbound.reasons, {});
  assert.ok(mesh.cart.instance(CART).counters.read().inbound.connectionsOpened > 6);
});
