import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";

import { parseProxyFlags } from "./shell/proxy-config.ts";
import { Supervisor } from "./shell/supervisor.ts";
import { startApp } from "./testing/app-server.ts";
import { until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { exitCode, FLAGS, MAIN, register, startProxy } from "./testing/proxy-process.ts";

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

test("the identities of a host that dies are given to the next one", async () => {
  const command = parseProxyFlags(["--node-name", "n", "--node-address", "127.0.0.1"], {});
  assert.ok(command.kind === "run");
  const { promise, resolve } = Promise.withResolvers<string>();
  const supervisor = new Supervisor({
    config: command.config,
    clock: systemClock(),
    logger: silentLogger,
    hostEntry: new URL("./testing/keeping-host.ts", import.meta.url),
    ready: resolve,
    unusable: assert.fail,
  });
  const exit = supervisor.run();
  assert.equal(await promise, "http://127.0.0.1:1/shop/cart/key");
  supervisor.end();
  assert.equal(await exit, 0);
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
  assert.equal(
    stderr,
    `berth proxy: the control port 127.0.0.1:${port} is in use: what listens there does not answer\n`,
  );
});

test("a flag that does not exist ends it with 2", async () => {
  const { code, stderr } = await runToEnd([...FLAGS, "--no-such-flag"]);
  assert.equal(code, 2);
  assert.match(stderr, /--no-such-flag/);
});
