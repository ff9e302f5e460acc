// How many connections there are from one node to another for the same requests, by real proxies in two network
// namespaces: with one proxy per node, with one per pod (a sidecar, which balances each request over all pods of the
// Service), and with clients that connect to pods by themselves. What goes between proxies goes by mutual TLS.

import type { AppName } from "#model/brand.ts";
import type { NodeEntry } from "#model/node-slice.ts";
import { Cable } from "#proxy/testing/cable.ts";
import { NamespaceProcess } from "#proxy/testing/namespace-process.ts";
import type { LoadResult, LoadSetting, NodeSetting } from "#proxy/testing/namespace-node.ts";
import { TestAuthority } from "#proxy/testing/test-authority.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

export interface ConnectionFigures {
  readonly clientPods: number;
  readonly serverPods: number;
  readonly ways: Readonly<Record<"shared" | "sidecars" | "direct", LoadResult>>;
}

export interface ConnectionOptions {
  readonly clientPods: number;
  readonly serverPods: number;
  readonly requestsEach: number;
}

const [WEB, CART] = ["shop/web" as AppName, "shop/cart" as AppName];
const [CALLERS, CALLED] = ["198.19.77.", "198.19.78."];
/** A pod that asks some tens of times a second. */
const PAUSE_MS = 20;

/** @throws Error where this machine has no namespaces to give. */
export async function measureConnections(options: ConnectionOptions): Promise<ConnectionFigures> {
  const { clientPods, serverPods } = options;
  return {
    clientPods,
    serverPods,
    ways: {
      shared: await inNamespaces(options, shared),
      sidecars: await inNamespaces(options, sidecars),
      direct: await inNamespaces(options, direct),
    },
  };
}

interface TwoNodes {
  readonly web: NamespaceProcess;
  readonly cart: NamespaceProcess;
  readonly authority: TestAuthority;
}

type Way = (nodes: TwoNodes, options: ConnectionOptions) => Promise<Pick<LoadSetting, "proxies" | "urls">>;

async function inNamespaces(options: ConnectionOptions, way: Way): Promise<LoadResult> {
  const ends: (() => unknown)[] = [];
  const context = { after: (end: () => unknown) => void ends.push(end) } as never;
  try {
    const addresses = [podAddresses(CALLERS, options.clientPods), podAddresses(CALLED, options.serverPods)];
    const cable = new Cable(context, addresses as [string[], string[]]);
    const [web, cart] = cable.names.map((name) => new NamespaceProcess(context, name));
    if (web === undefined || cart === undefined) throw new Error("a cable has two ends");
    const { proxies, urls } = await way({ web, cart, authority: await TestAuthority.make() }, options);
    const { requestsEach } = options;
    const setting: LoadSetting = { proxies, urls, requestsEach, pauseMs: PAUSE_MS, across: CALLED };
    return (await web.does({ kind: "load", setting })) as LoadResult;
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function shared({ web, cart, authority }: TwoNodes, options: ConnectionOptions) {
  const [caller, called] = [`${CALLERS}1`, `${CALLED}1`];
  const pods = options.serverPods;
  const ports = await serve(cart, {
    address: called,
    app: CART,
    pods,
    material: await authority.certify(CART),
  });
  await serve(web, { address: caller, app: WEB, material: await authority.certify(WEB) });
  await announce(web, caller, { inboundPort: ports.inbound, addresses: [called] });
  return { proxies: clients(options, () => caller), urls: clients(options, () => "http://cart/") };
}

async function sidecars({ web, cart, authority }: TwoNodes, options: ConnectionOptions) {
  const called = podAddresses(CALLED, options.serverPods);
  const callers = podAddresses(CALLERS, options.clientPods);
  let inboundPort = 0;
  const material = { web: await authority.certify(WEB), cart: await authority.certify(CART) };
  for (const address of called) {
    // The same port for all of them, as for sidecars; the first one's is any.
    const ports = { inbound: inboundPort, outbound: 0 };
    inboundPort = (await serve(cart, { address, app: CART, material: material.cart, ports })).inbound;
  }
  for (const address of callers) {
    await serve(web, { address, app: WEB, material: material.web });
    await announce(web, address, { inboundPort, addresses: called });
  }
  return { proxies: callers, urls: callers.map(() => "http://cart/") };
}

/** As behind a cluster address: each connection leads to one pod, in turn. */
async function direct({ cart, authority }: TwoNodes, options: ConnectionOptions) {
  const address = `${CALLED}1`;
  const material = await authority.certify(CART);
  const { pods } = await serve(cart, { address, app: CART, material, pods: options.serverPods });
  return {
    proxies: clients(options, () => null),
    urls: clients(options, (client) => `http://${address}:${pods[client % pods.length]}/`),
  };
}

function clients<T>({ clientPods }: ConnectionOptions, each: (client: number) => T): readonly T[] {
  return Array.from({ length: clientPods }, (_, client) => each(client));
}

function podAddresses(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, pod) => `${prefix}${pod + 1}`);
}

async function serve(
  node: NamespaceProcess,
  setting: NodeSetting,
): Promise<{ readonly inbound: number; readonly pods: readonly number[] }> {
  return (await node.does({ kind: "serve", setting })) as { inbound: number; pods: number[] };
}

async function announce(
  node: NamespaceProcess,
  address: string,
  { inboundPort, addresses }: { readonly inboundPort: number; readonly addresses: readonly string[] },
): Promise<void> {
  const entries: readonly NodeEntry[] = addresses.map((entry) => aNodeEntry({ node: entry, address: entry }));
  await node.does({ kind: "slice", address, slice: aNodeSlice({ inboundPort, entries }) });
}
