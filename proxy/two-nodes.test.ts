import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { Cable } from "./testing/cable.ts";
import { NamespaceProcess } from "./testing/namespace-process.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const [WEB, CART] = ["shop/web" as AppName, "shop/cart" as AppName];
const [WEB_NODE, CART_NODE] = ["198.19.77.1", "198.19.78.1"];
const REQUESTS = 200;

test("two proxies in networks of their own speak mutual TLS with each other, and let nobody else in", async (context) => {
  let cable: Cable;
  try {
    cable = new Cable(context, [[WEB_NODE], [CART_NODE]]);
  } catch (error) {
    context.skip(`no network namespaces here: ${(error as Error).message.split("\n")[0]}`);
    return;
  }
  const authority = await TestAuthority.make();
  const [web, cart] = [
    new NamespaceProcess(context, cable.names[0]),
    new NamespaceProcess(context, cable.names[1]),
  ];
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
  await web.does({
    kind: "slice",
    address: WEB_NODE,
    slice: aNodeSlice({ inboundPort: ports.inbound, entries }),
  });
  const byMesh = await web.does({ kind: "ask", address: WEB_NODE, url: "http://cart/", times: REQUESTS });
  assert.deepEqual(byMesh, { 200: REQUESTS });
  const past = `http://${CART_NODE}:${ports.inbound}/`;
  const direct = await web.does({ kind: "ask", address: WEB_NODE, url: past, times: 3 });
  assert.deepEqual(direct, { "403 identity-required": 3 });
});
