// The DaemonSet's image changes under HTTP/1.1, HTTP/2, gRPC and WebSockets at once, long streams and connections among
// them; and a new version that never gets ready, at which the rolling update stops by itself.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PROXY_LABEL } from "#model/app.ts";
import { PROTOCOLS, ProtocolsLoad } from "#test/load/protocols-load.ts";
import { NODE_PATH } from "#tools/image/image-content.ts";
import { removePod, startApp } from "./mesh-apps.ts";
import { SHOP } from "./example-pods.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { nodeProxy } from "./node-proxy.ts";
import { isReady } from "./pod.ts";
import { patchProxies, settled, shrunk } from "./resize-cases.ts";
import { changeImage } from "./upgrade-cases.ts";

const PROGRAM = readFileSync(new URL("../load/protocol-program.ts", import.meta.url), "utf8");
const CHANGES = 5;
const CALM_MS = 2_000;
/** Several times what a good version takes to get ready. */
const UNREADY_MS = 20_000;
const FRESH_PER_SECOND = 50;
const KEPT_CONNECTIONS = 8;

export function protocolUpgradeCases(cluster: () => NodeCluster): void {
  test(`${CHANGES} image changes under four protocols, surge`, async (t) => {
    const load = await startLoad(cluster());
    try {
      for (let change = 1; change <= CHANGES; change++) {
        const startedMs = performance.now();
        await changeImage(cluster(), `berth:protocols-${change}`);
        t.diagnostic(`change ${change}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
        await setTimeout(CALM_MS);
      }
    } finally {
      await load.stop();
    }
    const figures = load.figures();
    for (const protocol of PROTOCOLS) t.diagnostic(`${protocol}: ${JSON.stringify(figures[protocol])}`);
    for (const protocol of PROTOCOLS) assert.equal(figures[protocol].failed, 0, protocol);
    for (const protocol of ["grpc", "websocket"] as const)
      assert.ok(figures[protocol].farewells > 0, `${protocol} lasts longer than a proxy`);
  });

  test("a new version that never gets ready stops the rolling update at the first node, and costs no request", async (t) => {
    const load = await startLoad(cluster());
    const before = await nodeProxy(cluster());
    const proxies = () => cluster().pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL });
    try {
      const command = [NODE_PATH, "--eval", "setInterval(() => undefined, 1000)"];
      await patchProxies(cluster(), { containers: [{ name: "proxy", command }] });
      await cluster().until(async () => {
        const pods = await proxies();
        return pods.length === 2 && pods.every(({ status }) => status.phase === "Running");
      }, "the next version's pod beside the old one");
      await setTimeout(UNREADY_MS);
      const ready = (await proxies()).filter(isReady).map(({ metadata }) => metadata.uid);
      assert.deepEqual(ready, [before.pod.metadata.uid], "the old version stays");
      await patchProxies(cluster(), { containers: [{ name: "proxy", command: null }] });
      await cluster().until(async () => {
        const pods = await proxies();
        return pods.length === 1 && pods.every(isReady);
      }, "the version before alone");
    } finally {
      await load.stop();
    }
    const figures = load.figures();
    for (const protocol of PROTOCOLS) {
      t.diagnostic(`${protocol}: ${JSON.stringify(figures[protocol])}`);
      assert.equal(figures[protocol].failed, 0, protocol);
    }
    const withApp = await settled(cluster());
    await removePod(cluster(), `${APP}-0`, SHOP);
    // Whoever measures next begins with a proxy that has nothing to give back.
    await shrunk(cluster(), withApp);
  });
}

const APP = "protocols";

/** Of the app, which is started with the first. */
async function startLoad(cluster: NodeCluster): Promise<ProtocolsLoad> {
  const isThere = (await cluster.pods(SHOP)).some(({ metadata }) => metadata.name === `${APP}-0`);
  if (!isThere) url = new URL(await startApp(cluster, APP, { program: PROGRAM }));
  const { hostname: host, port } = url;
  const load = { freshPerSecond: FRESH_PER_SECOND, keptConnections: KEPT_CONNECTIONS };
  return new ProtocolsLoad({ host, port: Number(port), ...load });
}

let url = new URL("http://nobody");
