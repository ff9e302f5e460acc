// Certificates and roots exchanged under load, in both directions between two nodes' proxies: requests that failed
// (none may), and what a handshake costs, since every exchange costs some. Nothing is resumed: a ticket would outlive the
// certificate that it was given for (docs/decisions/0029).

import { once } from "node:events";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";

import { quantile } from "simple-statistics";

import type { AppName } from "#model/brand.ts";
import type { IdentityMaterial } from "#proxy/shell/identity/app-identity.ts";
import { ServiceTable } from "#proxy/shell/service-table.ts";
import { startApp } from "#proxy/testing/app-server.ts";
import { HostBed, until } from "#proxy/testing/host-bed.ts";
import { SteadyClient } from "#proxy/testing/steady-client.ts";
import { TestAuthority } from "#proxy/testing/test-authority.ts";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

export const identityBench: Bench = {
  summary: "certificates and roots exchanged under load: failed requests, and what handshakes cost",
  run,
};

const [WEB, CART] = ["shop/web" as AppName, "shop/cart" as AppName];
const ROTATIONS = 60;
const ROTATIONS_QUICK = 24;
/** Every so many rotations the authority itself is succeeded: both roots, then the new one signs, then the old one goes. */
const ROTATIONS_PER_ROOT = 6;
const CLIENTS_EACH = 4;
/** In each direction, from one rotation to the next. */
const REQUESTS_BETWEEN = 100;
const HANDSHAKES = 200;
const HANDSHAKES_QUICK = 50;

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`identity takes no ${unknown}`);
  const ends: (() => unknown)[] = [];
  const context = { after: (end: () => unknown) => void ends.push(end) } as never;
  try {
    const nodes = {
      web: await Node.start(context, WEB, "127.0.0.1"),
      cart: await Node.start(context, CART, "127.0.0.2"),
    };
    progress("rotations");
    const rotated = await rotate(nodes, isQuick ? ROTATIONS_QUICK : ROTATIONS);
    progress("handshakes");
    const handshakes = await measureHandshakes(
      nodes,
      rotated.authority,
      isQuick ? HANDSHAKES_QUICK : HANDSHAKES,
    );
    const { authority: _, ...rotation } = rotated;
    return { figures: { ...rotation, handshakes }, table: table(rotation, handshakes) };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** A node's proxy with one app, which the other node's app may call. */
class Node {
  readonly app: AppName;
  readonly address: string;
  readonly bed: HostBed;
  readonly services: ServiceTable;

  static async start(context: never, app: AppName, address: string): Promise<Node> {
    const node = new Node(context, app, address);
    const pod = await startApp(context, (_request, response) => void response.end(app));
    node.bed.configure({ app, callers: { withoutIdentity: "refuse" } });
    node.bed.pod(app, { app, port: pod.port });
    await until(() => node.bed.host.instance(app)?.isServing === true);
    return node;
  }

  private constructor(context: never, app: AppName, address: string) {
    this.app = app;
    this.address = address;
    this.services = new ServiceTable({ nodeAddress: address, clock: systemClock() });
    const identity = { mode: "use", trustDomain: "cluster.local" } as const;
    this.bed = new HostBed(context, { nodeAddress: address, services: this.services, identity });
  }

  get inbound(): number {
    return this.bed.ports(this.app).inbound;
  }

  reaches({ app, inbound, address }: Node): void {
    const entries = [aNodeEntry({ node: address, address })];
    this.services.sliceSeen(aNodeSlice({ service: app.split("/")[1] ?? "", inboundPort: inbound, entries }));
  }

  certified(material: IdentityMaterial): void {
    this.bed.cluster.listener.identitySeen(this.app, material);
  }

  clients(url: string): readonly SteadyClient[] {
    const { outbound } = this.bed.ports(this.app);
    return Array.from({ length: CLIENTS_EACH }, () => new SteadyClient(outbound, url, this.address));
  }
}

interface TwoNodes {
  readonly web: Node;
  readonly cart: Node;
}

async function rotate({ web, cart }: TwoNodes, rotations: number) {
  let authority = await TestAuthority.make();
  const certify = async (by: TestAuthority, roots: string): Promise<void> => {
    web.certified(await by.certify(WEB, { roots }));
    cart.certified(await by.certify(CART, { roots }));
  };
  await certify(authority, authority.root);
  web.reaches(cart);
  cart.reaches(web);
  const load = { toCart: web.clients("http://cart/"), toWeb: cart.clients("http://web/") };
  const answered = (of: readonly SteadyClient[]): number =>
    of.reduce((sum, client) => sum + client.answered, 0);
  const flown = async (): Promise<void> => {
    const [there, back] = [answered(load.toCart), answered(load.toWeb)];
    await until(
      () =>
        answered(load.toCart) >= there + REQUESTS_BETWEEN && answered(load.toWeb) >= back + REQUESTS_BETWEEN,
    );
  };
  await flown();
  let roots = 0;
  for (let rotation = 1; rotation <= rotations; rotation++) {
    if (rotation % ROTATIONS_PER_ROOT === 0) {
      const next = await TestAuthority.make();
      await certify(authority, authority.root + next.root);
      await flown();
      await certify(next, authority.root + next.root);
      await flown();
      authority = next;
      roots += 1;
    }
    await certify(authority, authority.root);
    await flown();
  }
  const clients = [...load.toCart, ...load.toWeb];
  await Promise.all(clients.map((client) => client.stop()));
  const reasons = [web, cart].map(({ bed, app }) => bed.instance(app).counters.read().inbound.reasons);
  return {
    authority,
    // Of both apps; each exchange of a root is two more.
    rotations: 2 * (rotations + 2 * roots),
    roots,
    requests: answered(clients),
    failed: clients.reduce((sum, client) => sum + client.failed, 0),
    refusals: reasons.flatMap((found) => Object.values(found)).reduce((sum, count) => sum + count, 0),
    connections: [web, cart].reduce(
      (sum, { bed, app }) => sum + bed.instance(app).counters.read().inbound.connectionsOpened,
      0,
    ),
  };
}

interface Handshakes {
  readonly count: number;
  readonly msP50: number;
  readonly msP99: number;
  /** Of both sides, in this one process. */
  readonly cpuMsEach: number;
  /** Of those that offered the session before. */
  readonly resumedShare: number;
}

async function measureHandshakes(
  { cart }: TwoNodes,
  authority: TestAuthority,
  count: number,
): Promise<Handshakes> {
  const material = await authority.certify(WEB);
  const times: number[] = [];
  let resumed = 0;
  let session: Buffer | undefined;
  const before = process.cpuUsage();
  for (let handshake = 0; handshake < count; handshake++) {
    const startedMs = performance.now();
    const socket: TLSSocket = connect({
      host: cart.address,
      port: cart.inbound,
      cert: material.certificate,
      key: material.key,
      ca: authority.root,
      servername: "",
      checkServerIdentity: () => undefined,
      ...(session !== undefined && { session }),
    });
    await once(socket, "secureConnect");
    times.push(performance.now() - startedMs);
    if (socket.isSessionReused()) resumed += 1;
    session = socket.getSession();
    socket.destroy();
  }
  const { user, system } = process.cpuUsage(before);
  return {
    count,
    msP50: round(quantile(times, 0.5)),
    msP99: round(quantile(times, 0.99)),
    cpuMsEach: round((user + system) / 1_000 / count),
    resumedShare: resumed / count,
  };
}

function table(rotation: Readonly<Record<string, number>>, handshakes: Handshakes): string {
  const { rotations, roots, requests, failed, refusals, connections } = rotation;
  return [
    `${rotations} certificates and ${roots} roots exchanged in ${requests} requests: ${failed} failed, ${refusals} refused, ${connections} connections`,
    `handshake p50 ${handshakes.msP50} ms, p99 ${handshakes.msP99} ms, ${handshakes.cpuMsEach} ms of CPU for both sides, ${handshakes.resumedShare * 100} % resumed`,
  ].join("\n");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
