import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { exitCode, startProxy } from "./testing/proxy-process.ts";
import { SteadyClient } from "./testing/steady-client.ts";

const HOST = "127.0.0.1";

interface Report {
  readonly app: string;
  readonly state: string;
  readonly processIds: readonly number[];
  readonly counters: { readonly inbound: { readonly requests: number } };
}

async function reports(controlPort: number): Promise<readonly Report[]> {
  try {
    const { body } = await send({ port: controlPort, path: "/v1/instances" });
    return (JSON.parse(body.toString()) as { readonly instances: readonly Report[] }).instances;
  } catch {
    // The host is away; whoever asks, asks again.
    return [];
  }
}

function hostOf(supervisor: number): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
      const isChild = Number(rest.split(" ")[1]) === supervisor;
      if (isChild && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("host-process"))
        return Number(pid);
    } catch {
      // The process ended while the list was read.
    }
  }
  return undefined;
}

test("an app with a process of its own does not notice the death of the host, whose successor takes it over", async (context) => {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: HOST, port: 0 });
  context.after(() => api.close());
  const app = await startApp(context);
  const inbound: number[] = [];
  for (const [name, isolation] of [
    ["heavy", "process"],
    ["plain", "thread"],
  ] as const) {
    const ports = { inbound: await freePort(HOST), outbound: await freePort(HOST) };
    inbound.push(ports.inbound);
    api.store.create("meshprofiles", {
      metadata: { name, namespace: "shop" },
      spec: { isolation },
      status: { ports },
    });
    api.store.create("pods", {
      metadata: { name, namespace: "shop", labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: name } },
      spec: { nodeName: "n1", containers: [{ name, ports: [{ containerPort: app.port }] }] },
      status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
    });
  }
  const proxy = await startProxy(context, [`--api-server=${url}`]);
  const supervisor = proxy.process.pid ?? 0;
  let heavy: Report | undefined;
  while (heavy?.state !== "serving")
    heavy = (await reports(proxy.controlPort)).find((report) => report.app === "shop/heavy");
  const [pid] = heavy.processIds;
  assert.ok(pid !== undefined);
  const client = new SteadyClient(inbound[0] ?? 0);
  await until(() => client.answered > 20);

  const host = hostOf(supervisor);
  assert.ok(host !== undefined);
  process.kill(host, "SIGABRT");
  await until(() => ![undefined, host].includes(hostOf(supervisor)));
  const { answered } = client;
  await until(() => client.answered > answered + 20);
  for (const isDone = (found: Report | undefined) => found?.state === "serving"; ;) {
    const found = await reports(proxy.controlPort);
    heavy = found.find((report) => report.app === "shop/heavy");
    const plain = found.find((report) => report.app === "shop/plain");
    if (isDone(heavy) && isDone(plain)) break;
  }
  await client.stop();
  assert.equal(client.failed, 0);
  assert.deepEqual(heavy?.processIds, [pid]);
  // All that it ever counted, not what it has since.
  assert.ok((heavy?.counters.inbound.requests ?? 0) > answered);
  assert.equal((await send({ port: inbound[1] ?? 0 })).statusCode, 200);

  // The successor is heard by it: it drains with the others.
  proxy.process.kill("SIGTERM");
  assert.equal(await exitCode(proxy), 0);
  assert.throws(() => process.kill(pid, 0));
});
