import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import type { NodeCommand } from "./testing/namespace-node.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const NODE_MAIN = new URL("./testing/namespace-node.ts", import.meta.url).pathname;
const [WEB, CART] = ["shop/web" as AppName, "shop/cart" as AppName];
// For trying out networks (RFC 2544), routed nowhere; not those of the suite with a kubelet.
const [WEB_NODE, CART_NODE] = ["198.19.77.1", "198.19.77.2"];
const REQUESTS = 200;

/** Two networks with one cable between them, and nothing else. */
class Cable {
  readonly names = ["a", "b"].map((end) => `berth-${process.pid}-${end}`) as [string, string];

  /** @throws Error where this machine has no namespaces to give. */
  constructor(context: TestContext) {
    const [one, other] = this.names;
    for (const name of this.names) {
      ip("netns", "add", name);
      context.after(() => ip("netns", "delete", name));
    }
    ip("-n", one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other);
    for (const [name, address] of [
      [one, WEB_NODE],
      [other, CART_NODE],
    ] as const) {
      ip("-n", name, "address", "add", `${address}/30`, "dev", "cable");
      for (const device of ["lo", "cable"]) ip("-n", name, "link", "set", device, "up");
    }
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

class Node {
  readonly #process;
  readonly #lines;

  constructor(context: TestContext, namespace: string) {
    this.#process = spawn("ip", ["netns", "exec", namespace, process.execPath, NODE_MAIN], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    context.after(async () => {
      this.#process.stdin.end();
      await once(this.#process, "exit");
    });
  }

  async does(command: NodeCommand): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const { value } = (await this.#lines.next()) as { readonly value: string };
    return JSON.parse(value);
  }
}

test("two proxies in networks of their own speak mutual TLS with each other, and let nobody else in", async (context) => {
  let cable: Cable;
  try {
    cable = new Cable(context);
  } catch (error) {
    context.skip(`no network namespaces here: ${(error as Error).message.split("\n")[0]}`);
    return;
  }
  const authority = await TestAuthority.make();
  const [web, cart] = [new Node(context, cable.names[0]), new Node(context, cable.names[1])];
  const allowed = [{ kind: "app", app: WEB }] as const;
  const callers = { allowed, withoutIdentity: "refuse" } as const;
  const setting = { address: CART_NODE, app: CART, callers, material: await authority.certify(CART) };
  const [ports] = await Promise.all([
    cart.does({ kind: "serve", setting }) as Promise<AppPorts>,
    web.does({
      kind: "serve",
      setting: { address: WEB_NODE, app: WEB, material: await authority.certify(WEB) },
    }),
  ]);
  const entries = [aNodeEntry({ node: "other", address: CART_NODE })];
  await web.does({ kind: "slice", slice: aNodeSlice({ inboundPort: ports.inbound, entries }) });
  const byMesh = await web.does({ kind: "ask", url: "http://cart/", times: REQUESTS });
  assert.deepEqual(byMesh, { 200: REQUESTS });
  const past = `http://${CART_NODE}:${ports.inbound}/`;
  const direct = await web.does({ kind: "ask", url: past, times: 3 });
  assert.deepEqual(direct, { "403 identity-required": 3 });
});
