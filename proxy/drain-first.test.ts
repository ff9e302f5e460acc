import assert from "node:assert/strict";
import { test } from "node:test";

import { freePort } from "#cli/start/free-port.ts";
import { nodeSliceObject } from "#kube/node-slice.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import type { EntryState } from "#model/node-slice.ts";
import { systemClock } from "#runtime/clock.ts";
import { movedNodes } from "#scheduler-extender/policy/moved-nodes.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { COMPANY_MS } from "./policy/departure.ts";
import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { exitCode, startProxy } from "./testing/proxy-process.ts";
import type { ProxyProcess } from "./testing/proxy-process.ts";

const CALLER = "127.0.0.4";
const HOSTS = { a: "127.0.0.2", b: "127.0.0.3" } as const;
type Host = keyof typeof HOSTS;
const CLIENTS = 4;

test("a node's proxy is replaced, the old one first: clients on another node lose no request", async (context) => {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  context.after(() => api.close());
  const app = await startApp(context, (request, response) =>
    request.resume().on("end", () => response.end("ok")),
  );
  const join = async (name: string, nodes: readonly string[]) => {
    const ports = { inbound: await freePort("127.0.0.1"), outbound: await freePort("127.0.0.1") };
    api.store.create("meshprofiles", { metadata: { name, namespace: "shop" }, spec: {}, status: { ports } });
    const labels = { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: name };
    for (const nodeName of nodes) {
      api.store.create("pods", {
        metadata: { name: `${name}-${nodeName}`, namespace: "shop", labels },
        spec: { nodeName, containers: [{ name, ports: [{ containerPort: app.port }] }] },
        status: { phase: "Running", podIP: "127.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
      });
    }
    return ports;
  };
  const cart = await join("cart", ["a", "b"]);
  const web = await join("web", ["caller"]);
  // The test plays the extender: it writes what the policy says of the nodes.
  const states: Record<Host, EntryState> = { a: "ready", b: "ready" };
  const announce = (): void => {
    const entries = (["a", "b"] as const).map((node) =>
      aNodeEntry({ node, address: HOSTS[node], state: states[node] }),
    );
    const slice = aNodeSlice({ inboundPort: cart.inbound, entries });
    const object = nodeSliceObject(slice) as Parameters<typeof api.store.create>[1];
    const stored = api.store.get("endpointslices", { namespace: slice.namespace, name: slice.name });
    if (stored === undefined) api.store.create("endpointslices", object);
    else api.store.update("endpointslices", { ...stored, endpoints: object["endpoints"] });
  };
  announce();
  const start = (node: string, address: string): Promise<ProxyProcess> =>
    startProxy(context, ["--api-server", url, "--node-name", node, "--node-address", address]);
  const proxies = { a: await start("a", HOSTS.a), b: await start("b", HOSTS.b) };
  await start("caller", CALLER);

  const counts = { answered: 0, failures: [] as string[] };
  const over = new AbortController();
  const ask = async (): Promise<void> => {
    const request = { method: "POST", path: "http://cart.shop/", body: "x" };
    const { statusCode, headers } = await send({ host: CALLER, port: web.outbound, ...request });
    if (statusCode === 200) counts.answered += 1;
    else counts.failures.push(`${statusCode} ${String(headers["x-berth-reason"])}`);
  };
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!over.signal.aborted) await ask();
  });
  const someMore = async (): Promise<void> => {
    const before = counts.answered;
    await until(() => counts.answered + counts.failures.length > before + 50);
  };
  await someMore();
  proxies.a.process.kill("SIGTERM");
  // Long enough for a proxy alone to have gone, if it did not wait to be led away from.
  const toldMs = performance.now();
  await until(() => performance.now() - toldMs > 2 * COMPANY_MS);
  await someMore();
  const hosting = [
    { node: "a" as NodeName, proxy: "leaving", readyPods: 1 },
    { node: "b" as NodeName, proxy: "ready", readyPods: 1 },
  ] as const;
  assert.deepEqual([...movedNodes(hosting, new Set())], ["a"]);
  states.a = "terminating";
  announce();
  assert.equal(await exitCode(proxies.a), 0);
  states.a = "unready";
  announce();
  await someMore();
  await start("a", HOSTS.a);
  states.a = "ready";
  announce();
  await someMore();
  over.abort();
  await Promise.all(clients);
  assert.deepEqual(counts.failures, []);
});
