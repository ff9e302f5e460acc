import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";

const MAIN = new URL("./main.ts", import.meta.url).pathname;
// The tests may run in a pod, whose cluster is none of theirs.
const FLAGS = ["--node-name=n1", "--node-address=127.0.0.1", "--api-server=none", "--log-level=silent"];

interface Proxy {
  readonly process: ChildProcess;
  readonly controlPort: number;
}

async function startProxy(context: TestContext, flags: readonly string[] = []): Promise<Proxy> {
  const process_ = spawn(process.execPath, [MAIN, ...FLAGS, "--control-port", "0", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => process_.kill("SIGKILL"));
  assert.ok(process_.stdout !== null);
  const [line] = (await once(process_.stdout, "data")) as [Buffer];
  const message = JSON.parse(line.toString()) as { readonly kind: string; readonly controlUrl: string };
  assert.equal(message.kind, "ready");
  return { process: process_, controlPort: Number(new URL(message.controlUrl).port) };
}

interface Ports {
  readonly inbound: number;
  readonly outbound: number;
}

async function register(controlPort: number, appPort: number): Promise<Ports> {
  const pod = {
    uid: "u1",
    namespace: "shop",
    name: "cart-1",
    app: "shop/cart",
    address: "127.0.0.1",
    port: appPort,
  };
  const headers = { "Content-Type": "application/json" };
  const answer = await send({
    port: controlPort,
    method: "POST",
    path: "/v1/pods",
    headers,
    body: JSON.stringify(pod),
  });
  assert.equal(answer.statusCode, 200);
  let ports: Ports | undefined;
  while (ports === undefined) ports = await servingPorts(controlPort);
  return ports;
}

async function servingPorts(controlPort: number): Promise<Ports | undefined> {
  const { body } = await send({ port: controlPort, path: "/v1/instances" });
  const report = JSON.parse(body.toString()) as {
    readonly instances: readonly { readonly state: string; readonly ports: Ports }[];
  };
  const [instance] = report.instances;
  return instance?.state === "serving" ? instance.ports : undefined;
}

function childOf(parent: number): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
      if (Number(rest.split(" ")[1]) === parent) return Number(pid);
    } catch {
      // The process ended while the list was read.
    }
  }
  throw new Error(`process ${parent} has no child`);
}

async function exitCode({ process: child }: Pick<Proxy, "process">): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

test("a host process that dies is replaced, with the pods and ports that it had", async (context) => {
  const app = await startApp(context);
  const proxy = await startProxy(context);
  const ports = await register(proxy.controlPort, app.port);
  assert.equal((await send({ port: ports.inbound })).statusCode, 200);

  const host = childOf(proxy.process.pid ?? 0);
  process.kill(host, "SIGKILL");
  let statusCode = 0;
  const startedMs = performance.now();
  while (statusCode !== 200) {
    assert.ok(performance.now() - startedMs < 10_000, "the host did not come back");
    try {
      ({ statusCode } = await send({ port: ports.inbound }));
    } catch {
      // Nobody listens yet; the loop is bounded above.
    }
  }
  assert.notEqual(childOf(proxy.process.pid ?? 0), host);
  proxy.process.kill("SIGTERM");
  assert.equal(await exitCode(proxy), 0);
});

test("SIGTERM lets the request in progress finish and then exits with 0", async (context) => {
  const held: ServerResponse[] = [];
  const app = await startApp(context, (_request, response) => void held.push(response));
  const proxy = await startProxy(context);
  const { inbound } = await register(proxy.controlPort, app.port);
  const answer = send({ port: inbound });
  await until(() => held.length === 1);
  proxy.process.kill("SIGTERM");
  let isReady = true;
  while (isReady) isReady = (await send({ port: proxy.controlPort, path: "/readyz" })).statusCode === 200;
  held[0]?.end("done");
  assert.equal((await answer).body.toString(), "done");
  assert.equal(await exitCode(proxy), 0);
});

test("a second signal ends it at once", async (context) => {
  const app = await startApp(context, () => undefined);
  const proxy = await startProxy(context, ["--drain-timeout-seconds", "3600"]);
  const { inbound } = await register(proxy.controlPort, app.port);
  const cut = assert.rejects(send({ port: inbound }));
  await until(() => app.connections.length === 1);
  proxy.process.kill("SIGINT");
  let isReady = true;
  while (isReady) isReady = (await send({ port: proxy.controlPort, path: "/readyz" })).statusCode === 200;
  proxy.process.kill("SIGINT");
  await cut;
  assert.equal(await exitCode(proxy), 0);
});

async function runToEnd(
  flags: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { code: await exitCode({ process: child }), stderr };
}

test("a control port in use ends it with 2 and a sentence", async (context) => {
  const taken = createServer().listen(0, "127.0.0.1");
  context.after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await runToEnd([...FLAGS, "--control-port", String(port)]);
  assert.equal(code, 2);
  assert.equal(stderr, `berth proxy: the control port 127.0.0.1:${port} is in use\n`);
});

test("a flag that does not exist ends it with 2", async () => {
  const { code, stderr } = await runToEnd([...FLAGS, "--no-such-flag"]);
  assert.equal(code, 2);
  assert.match(stderr, /--no-such-flag/);
});
