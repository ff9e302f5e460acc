import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import type { AppName } from "#model/brand.ts";
import type { NodeEntry, NodeSlice } from "#model/node-slice.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { ServiceTable } from "./shell/service-table.ts";
import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { type ClientAnswer, send, sendUntil } from "./testing/http-client.ts";
import { RawClient } from "./testing/raw-client.ts";

const CALLER = "shop/web";
const CART = "shop/cart" as AppName;
const OWN = "127.0.0.1";
const OTHERS = ["127.0.0.2", "127.0.0.3"] as const;

/** A proxy on each of three nodes, with an app that calls on the first and the app that is called on the others. */
class Mesh {
  readonly services = new ServiceTable({ nodeAddress: OWN, clock: systemClock() });
  readonly own: HostBed;
  readonly others = new Map<string, HostBed>();
  /** By address of the node whose pod answered. */
  readonly answered: string[] = [];
  outbound = 0;
  inbound = 0;

  static async start(context: TestContext): Promise<Mesh> {
    const mesh = new Mesh(context);
    mesh.outbound = (await mesh.own.serve(CALLER, 1)).outbound;
    for (const address of OTHERS) await mesh.#startNode(context, address);
    return mesh;
  }

  private constructor(context: TestContext) {
    this.own = new HostBed(context, { services: this.services });
  }

  announce(entries: readonly NodeEntry[], overrides: Partial<NodeSlice> = {}): void {
    this.services.sliceSeen(aNodeSlice({ inboundPort: this.inbound, entries, ...overrides }));
  }

  async ask(url: string, options: { method?: string; body?: string } = {}): Promise<ClientAnswer> {
    return send({ port: this.outbound, path: url, ...options });
  }

  async #startNode(context: TestContext, nodeAddress: string): Promise<void> {
    const bed = new HostBed(context, { nodeAddress });
    // The same ports on every node: the first one's are any.
    const ports: AppPorts = { inbound: this.inbound, outbound: 0 };
    await serve(bed, await this.pod(context, nodeAddress), ports);
    this.inbound = bed.ports(CART).inbound;
    this.others.set(nodeAddress, bed);
  }

  async pod(context: TestContext, nodeAddress: string): Promise<number> {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.answered.push(nodeAddress);
      response.end(`${request.headers.host} ${request.url}`);
    };
    return (await startApp(context, answer)).port;
  }
}

async function serve(bed: HostBed, port: number, ports: AppPorts): Promise<void> {
  bed.cluster.listener.settingsSeen({ app: CART, quota: {}, ports });
  bed.pod("cart-0", { app: CART, port });
  await until(() => bed.host.instance(CART)?.isServing === true);
}

const BOTH = OTHERS.map((address) => aNodeEntry({ node: `node-${address}`, address }));

test("a Service is reached by the nodes that host its app, by each of its names and its address", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH);
  const names = ["cart", "cart.shop", "cart.shop.svc", "CART.shop.svc.cluster.local", "10.96.0.1"];
  for (const name of names) {
    const { statusCode, body } = await mesh.ask(`http://${name}/a?b=c`);
    assert.deepEqual([statusCode, body.toString()], [200, `${name.toLowerCase()} /a?b=c`]);
  }
  for (let times = 0; times < 20; times++) await mesh.ask("http://cart/");
  assert.deepEqual([...new Set(mesh.answered)].sort(), OTHERS);
});

test("another port of the Service, and a name that is none, go their own way", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH);
  const other = await startApp(context, (_request, response) => response.end("direct"));
  const { body } = await mesh.ask(`http://127.0.0.1:${other.port}/`);
  assert.equal(body.toString(), "direct");
  for (const url of ["http://cart.shop.svc.cluster.local.:9/", "http://wish.invalid/"]) {
    const { statusCode, headers } = await mesh.ask(url);
    assert.deepEqual([statusCode, headers["x-berth-reason"]], [502, "name-unresolved"], url);
  }
  assert.deepEqual(mesh.answered, []);
});

test("what changes in the table changes the way of the next requests", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH.slice(0, 1));
  await mesh.ask("http://cart/");
  mesh.announce(BOTH.slice(1));
  await sendUntil({ port: mesh.outbound, path: "http://cart/" }, () => mesh.answered.at(-1) === OTHERS[1]);
  for (let times = 0; times < 5; times++) await mesh.ask("http://cart/");
  assert.deepEqual(
    mesh.answered.slice(-5),
    Array.from({ length: 5 }, () => OTHERS[1]),
  );
  assert.deepEqual(mesh.services.counts(), { services: 1, entries: 1, updates: 2, followed: 1 });
  mesh.services.sliceGone(aNodeSlice());
  const gone = await sendUntil(
    { port: mesh.outbound, path: "http://cart/" },
    ({ statusCode }) => statusCode !== 200,
  );
  assert.equal(
    gone.headers["x-berth-reason"],
    "name-unresolved",
    "directly, by a name that nobody knows here",
  );
});

test("the own node's instance of the app comes first, and the others when its pod is gone", async (context) => {
  const mesh = await Mesh.start(context);
  await serve(mesh.own, await mesh.pod(context, OWN), { inbound: mesh.inbound, outbound: 0 });
  mesh.announce([...BOTH, aNodeEntry({ node: "own", address: OWN })]);
  for (let times = 0; times < 10; times++) await mesh.ask("http://cart/");
  assert.deepEqual([...new Set(mesh.answered)], [OWN]);
  // Its slice has not heard of it yet.
  mesh.own.podDeleted("cart-0");
  await sendUntil({ port: mesh.outbound, path: "http://cart/" }, () => mesh.answered.at(-1) !== OWN);
});

test("a node that is gone before the table knows costs no request without a body, and is left out", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce([...BOTH, aNodeEntry({ node: "gone", address: "127.0.0.9" })]);
  for (let times = 0; times < 60; times++) {
    const { statusCode } = await mesh.ask("http://cart/", { method: times % 2 === 0 ? "GET" : "POST" });
    assert.equal(statusCode, 200);
  }
  const { retries } = mesh.own.instance(CALLER).counters.read().outbound;
  assert.ok(retries > 0 && retries <= 10, `${retries} retries`);
});

test("a request whose body has begun is not sent twice", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce([aNodeEntry({ node: "gone", address: "127.0.0.9" })]);
  const { statusCode, headers } = await mesh.ask("http://cart/", { method: "POST", body: "x" });
  assert.deepEqual([statusCode, headers["x-berth-reason"]], [502, "connect-failed"]);
  assert.equal(mesh.own.instance(CALLER).counters.read().outbound.retries, 0);
});

test("where nobody serves, a few retries are made and the answer says why", async (context) => {
  const mesh = await Mesh.start(context);
  const gone = [7, 8, 9].map((last) => aNodeEntry({ node: `gone-${last}`, address: `127.0.0.${last}` }));
  mesh.announce(gone);
  for (let times = 0; times < 60; times++) {
    const { headers } = await mesh.ask("http://cart/");
    assert.equal(headers["x-berth-reason"], "connect-failed");
  }
  const { retries } = mesh.own.instance(CALLER).counters.read().outbound;
  // What was saved up, and a fifth of the requests.
  assert.ok(retries >= 10 && retries <= 10 + 60 / 5, `${retries} retries`);
});

test("requests in a tunnel to a Service are routed one by one, as those without a tunnel", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH);
  const client = new RawClient(context, mesh.outbound);
  client.send("CONNECT cart.shop.svc:80 HTTP/1.1\r\nHost: cart.shop.svc:80\r\n\r\n");
  await client.received("HTTP/1.1 200 Connection Established\r\n\r\n");
  for (let times = 0; times < 20; times++) {
    client.send(`GET /${times}. HTTP/1.1\r\nHost: cart.shop.svc\r\n\r\n`);
    await client.received(`cart.shop.svc /${times}.`);
  }
  assert.deepEqual([...new Set(mesh.answered)].sort(), OTHERS);
  const counts = mesh.own.instance(CALLER).counters.read().outbound;
  assert.deepEqual([counts.requests, counts.responses["2xx"], counts.reasons], [21, 21, {}]);
  client.send("CONNECT cart:80 HTTP/1.1\r\nHost: cart\r\n\r\n");
  await client.received("HTTP/1.1 400");
});

test("Node's fetch, which asks for a tunnel where nothing is encrypted, reaches a Service by its nodes", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH);
  const script = `
    const answers = [];
    for (let times = 0; times < 8; times++) answers.push(await (await fetch("http://cart.shop.svc/x")).text());
    console.log(new Set(answers));
  `;
  const proxy = `http://127.0.0.1:${mesh.outbound}`;
  const env = { PATH: process.env["PATH"], NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy };
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", `(async () => {${script}})()`], {
    env,
  });
  assert.match(stdout, /^Set\(1\) { 'cart.shop.svc \/x' }/);
  assert.equal(mesh.answered.length, 8);
});

test("what is encrypted in a tunnel to a Service goes to the Service itself", async (context) => {
  const mesh = await Mesh.start(context);
  mesh.announce(BOTH);
  const { port, seen } = await startListener(context);
  // By its address, which is one that names need no server for.
  mesh.announce(BOTH, { clusterIps: [OWN], servicePorts: [port] });
  const client = new RawClient(context, mesh.outbound);
  client.send(`CONNECT ${OWN}:${port} HTTP/1.1\r\nHost: cart\r\n\r\n`);
  await client.received("\r\n\r\n");
  client.send("\x16\x03\x01 hello");
  await client.received("echo");
  assert.equal(seen(), "\x16\x03\x01 hello");
  assert.deepEqual(mesh.answered, []);
  client.destroy();
  // One that cannot be opened any more is closed, without a word of HTTP in it.
  mesh.announce(BOTH, { service: "wish", clusterIps: ["127.0.0.77"], servicePorts: [9] });
  const late = new RawClient(context, mesh.outbound);
  late.send("CONNECT 127.0.0.77:9 HTTP/1.1\r\nHost: wish\r\n\r\n");
  await late.received("\r\n\r\n");
  late.send("\x16\x03\x01");
  await late.closed();
  assert.equal(late.text, "HTTP/1.1 200 Connection Established\r\n\r\n");
});

/** Answers whatever comes first. */
async function startListener(context: TestContext): Promise<{ port: number; seen(): string }> {
  let text = "";
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      socket.write("echo");
    });
  });
  server.listen(0, OWN);
  await once(server, "listening");
  context.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => text };
}

test("an entry for an address that pods may not reach is no way there", async (context) => {
  const services = new ServiceTable({ nodeAddress: OWN, clock: systemClock() });
  const bed = new HostBed(context, { services });
  const { outbound } = await bed.serve(CALLER, 1);
  services.sliceSeen(aNodeSlice({ inboundPort: 80, entries: [aNodeEntry({ address: "169.254.169.254" })] }));
  const { headers } = await send({ port: outbound, path: "http://cart/" });
  assert.equal(headers["x-berth-reason"], "name-unresolved");
});
