// The proxies that are compared, each in front of the same origin with one worker, keep-alive to both sides and no
// access log.

import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

/** To the client; nginx speaks HTTP/1.1 to the origin in any case. */
export type HttpVersion = "http1" | "http2";

export interface BenchServer {
  readonly port: number;
  /** Its process; descendants belong to it. */
  readonly pid: number;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const PROXY_MAIN = fileURLToPath(new URL("../../proxy/main.ts", import.meta.url));
const FASTIFY_PROCESS = fileURLToPath(new URL("./fastify-process.ts", import.meta.url));
const NGINX = "/usr/sbin/nginx";
const HAPROXY = "/usr/sbin/haproxy";
const PORT_TURN_MS = 20;
/** Every quota is on, and none of them is reached. */
const QUOTA = {
  memory: "1Gi",
  cpu: "4",
  connections: 4096,
  concurrency: 4096,
  requestsPerSecond: 1_000_000,
};

/** Every request gets a trace, since the load brings none; one in a hundred is marked as sampled. */
export const TRACE_SAMPLE_RATIO = 0.01;

/**
 * The whole proxy, which learns of the app and its profile from a cluster's API; its metrics are read every second. It
 * starts a trace for every request, which the others do not.
 */
export async function startBerth(originPort: number): Promise<BenchServer> {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: HOST, port: 0 });
  const port = await freePort(HOST);
  const controlPort = await freePort(HOST);
  api.store.create("meshprofiles", {
    metadata: { name: "cart", namespace: "default" },
    spec: { quota: QUOTA, observation: { traces: { sampleRatio: TRACE_SAMPLE_RATIO } } },
    status: { ports: { inbound: port, outbound: await freePort(HOST) } },
  });
  api.store.create("pods", {
    metadata: {
      name: "cart-1",
      namespace: "default",
      labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: "cart" },
    },
    spec: { nodeName: "node-1", containers: [{ name: "cart", ports: [{ containerPort: originPort }] }] },
    status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
  });
  const flags = [
    "--node-name=node-1",
    `--node-address=${HOST}`,
    `--api-server=${url}`,
    `--control-port=${controlPort}`,
    "--log-level=silent",
  ];
  const child = spawn(process.execPath, [PROXY_MAIN, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
  await listening(port, child);
  const scraping = setInterval(() => {
    fetch(`http://${HOST}:${controlPort}/metrics`).then(
      (answer) => answer.text(),
      () => undefined,
    );
  }, 1000);
  const running = server(port, child);
  return {
    ...running,
    stop: async () => {
      clearInterval(scraping);
      await running.stop();
      await api.close();
    },
  };
}

/** @returns undefined where it is not installed. */
export async function startNginx(
  originPort: number,
  http: HttpVersion = "http1",
): Promise<BenchServer | undefined> {
  if (!existsSync(NGINX)) return undefined;
  const port = await freePort(HOST);
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n");
  const text = `
worker_processes 1;
daemon off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 100000000;
  upstream origin { server ${HOST}:${originPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen ${HOST}:${port}${http === "http2" ? " http2" : ""};
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}`;
  return startFromFile({ folder, text, port, command: NGINX, flags: ["-c"] });
}

/** @returns undefined where it is not installed. */
export async function startHaproxy(
  originPort: number,
  http: HttpVersion = "http1",
): Promise<BenchServer | undefined> {
  if (!existsSync(HAPROXY)) return undefined;
  const port = await freePort(HOST);
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-haproxy-"));
  const protocol = http === "http2" ? " proto h2" : "";
  const text = `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend bench
  bind ${HOST}:${port}${protocol}
  default_backend origin
backend origin
  server origin ${HOST}:${originPort}${protocol}
`;
  return startFromFile({ folder, text, port, command: HAPROXY, flags: ["-f"] });
}

/** @returns undefined where it is not installed. */
export async function startFastifyHttpProxy(originPort: number): Promise<BenchServer | undefined> {
  try {
    import.meta.resolve("@fastify/http-proxy");
  } catch {
    // Told by the bench as a peer that is absent.
    return undefined;
  }
  const port = await freePort(HOST);
  const child = fork(FASTIFY_PROCESS, [String(originPort), String(port)], { stdio: "inherit" });
  await listening(port, child);
  return server(port, child);
}

interface FileServer {
  readonly folder: string;
  readonly text: string;
  readonly port: number;
  readonly command: string;
  readonly flags: readonly string[];
}

async function startFromFile({ folder, text, port, command, flags }: FileServer): Promise<BenchServer> {
  const file = join(folder, "conf");
  writeFileSync(file, text);
  const child = spawn(command, [...flags, file], { stdio: ["ignore", "ignore", "inherit"] });
  await listening(port, child);
  const running = server(port, child);
  return {
    ...running,
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode} before it listened`);
    const socket = connect(port, HOST);
    const isConnected = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isConnected) return;
    await delay(PORT_TURN_MS);
  }
}

function server(port: number, child: ChildProcess): BenchServer {
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
