import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { freePort } from "#cli/start/free-port.ts";

import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { RawClient } from "./testing/raw-client.ts";
import { LAST, SMUGGLING_CASES } from "./testing/smuggling-cases.ts";
import type { SmugglingCase } from "./testing/smuggling-cases.ts";

const APP = "shop/cart";
const NGINX = "/usr/sbin/nginx";

/** Sends every case on a connection of its own, and says what is wrong with the answers. */
async function sendAll(context: TestContext, port: number, seen: () => number): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name, bytes, seen: expected } of SMUGGLING_CASES) {
    const before = seen();
    const client = new RawClient(context, port);
    client.send(bytes + LAST);
    await client.closed();
    const statuses = [...client.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);
    if (expected === undefined) {
      const isRefused = /^(400|501|408)$/.test(statuses[0] ?? "") && statuses.length === 1;
      if (!isRefused || !client.text.includes("x-berth-reason: "))
        problems.push(`${name}: ${statuses.join(" ")}`);
      if (seen() !== before) problems.push(`${name}: reached the app`);
    } else if (statuses.length !== expected.length + 1) problems.push(`${name}: ${statuses.join(" ")}`);
  }
  return problems;
}

const isRead = ({ seen }: SmugglingCase): boolean => seen !== undefined;
const EXPECTED = SMUGGLING_CASES.flatMap(({ seen }) => (seen === undefined ? [] : [...seen, "GET /last"]));

test("there are enough cases of both kinds", () => {
  assert.ok(SMUGGLING_CASES.length >= 60);
  assert.equal(new Set(SMUGGLING_CASES.map(({ name }) => name)).size, SMUGGLING_CASES.length);
  assert.ok(SMUGGLING_CASES.filter(isRead).length >= 15);
});

test("what could be read in two ways is refused before Node sees it, and the rest is read in one", async (context) => {
  const bed = new HostBed(context, { dataPath: { headersMs: 300, upstreamSilenceMs: 300 } });
  const seen: string[] = [];
  const app = await startApp(context, (request, response) => {
    request.resume();
    request.on("end", () => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
  });
  const { inbound } = await bed.serve(APP, app.port);
  assert.deepEqual(await sendAll(context, inbound, () => seen.length), []);
  assert.deepEqual(seen, EXPECTED);
});

test("what could be read in two ways is refused before nginx sees it, and the rest is read in one", async (context) => {
  if (!existsSync(NGINX)) {
    context.skip("nginx is not installed");
    return;
  }
  const bed = new HostBed(context, { dataPath: { headersMs: 300, upstreamSilenceMs: 300 } });
  const { port, lines } = await startNginx(context);
  const { inbound } = await bed.serve(APP, port);
  assert.deepEqual(await sendAll(context, inbound, () => 0), []);
  await until(() => lines().length >= EXPECTED.length);
  assert.deepEqual(lines(), EXPECTED);
});

/** An nginx that reads whole requests and logs them. */
async function startNginx(context: TestContext): Promise<{ port: number; lines(): readonly string[] }> {
  const port = await freePort("127.0.0.1");
  const folder = mkdtempSync(join(tmpdir(), "berth-smuggling-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n");
  writeFileSync(
    join(folder, "conf"),
    `master_process off; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 512; }
    http {
      log_format seen '$request_method $request_uri';
      access_log ${folder}/seen.log seen;
      ${temporary}
      server { listen 127.0.0.1:${port}; location / { return 200 "fine"; } }
    }`,
  );
  const child = spawn(NGINX, ["-c", join(folder, "conf")], { stdio: "ignore" });
  context.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let isListening = false;
  while (!isListening) {
    const socket = connect(port, "127.0.0.1");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    isListening = await promise;
    socket.destroy();
  }
  const lines = (): readonly string[] => {
    const text = readFileSync(join(folder, "seen.log"), "utf8");
    return text.split("\n").filter((line) => line !== "" && line !== "- -");
  };
  return { port, lines };
}
