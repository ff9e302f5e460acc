import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { Cable } from "./testing/cable.ts";
import type { LoadResult } from "./testing/namespace-node.ts";
import { NamespaceProcess } from "./testing/namespace-process.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const [NODE, ELSEWHERE, SERVICE] = ["198.19.79.1", "198.19.79.2", "198.19.79.3"];
const POD = "198.19.80.1";
const WEB = "shop/web" as AppName;

test("connections of a pod that ignores its environment are counted by the node, and those to the proxy are not", async (context) => {
  let cable: Cable;
  try {
    cable = new Cable(context, [[NODE, ELSEWHERE, SERVICE], [POD]]);
    trackConnections(cable.names[0]);
  } catch (error) {
    context.skip(`no network that tracks connections here: ${(error as Error).message.split("\n")[0]}`);
    return;
  }
  const [node, pod] = cable.names.map((name) => new NamespaceProcess(context, name));
  assert.ok(node !== undefined && pod !== undefined);
  const material = await (await TestAuthority.make()).certify(WEB);
  const portOn = async (address: string): Promise<number> => {
    const served = await node.does({ kind: "serve", setting: { address, app: WEB, material } });
    return (served as { readonly pods: readonly number[] }).pods[0] ?? 0;
  };
  const [atNode, elsewhere, atService] = [await portOn(NODE), await portOn(ELSEWHERE), await portOn(SERVICE)];
  const look = async (): Promise<unknown> =>
    node.does({ kind: "bypass", address: NODE, pod: POD, service: SERVICE });
  const before = await look();
  if (typeof before === "string") {
    context.skip(`the kernel does not list connections here: ${before}`);
    return;
  }
  assert.deepEqual(before, {});
  const clients = [`${NODE}:${atNode}`, `${ELSEWHERE}:${elsewhere}`, `${SERVICE}:${atService}`];
  const urls = [...clients, clients[1]].map((authority) => `http://${authority}/`);
  const setting = { proxies: urls.map(() => null), urls, requestsEach: 3, pauseMs: 0, across: "none" };
  const { answered } = (await pod.does({ kind: "load", setting })) as LoadResult;
  assert.equal(answered, 12);
  // Closed by now, and still remembered.
  assert.deepEqual(await look(), { [WEB]: { service: 1, other: 2 } });
});

/** A rule that asks for a connection's state is enough for the kernel to keep it; on nodes those of kube-proxy are. */
function trackConnections(namespace: string): void {
  for (const rule of [
    "add table ip berth",
    "add chain ip berth seen { type filter hook prerouting priority 0; }",
    "add rule ip berth seen ct state new counter",
  ])
    execFileSync("ip", ["netns", "exec", namespace, "nft", rule], { stdio: ["ignore", "ignore", "pipe"] });
}
