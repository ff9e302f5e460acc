// nginx and haproxy as peers: one reverse proxy for two apps, a port each, with as many workers as they start by default.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pause } from "./shared-node.ts";

export type PeerName = "nginx" | "haproxy";

export interface PeerRoute {
  readonly port: number;
  readonly appPort: number;
}

/** Why it cannot take part, or undefined. */
export function peerAbsence(name: PeerName): string | undefined {
  const { error } = spawnSync(name, ["-v"], { stdio: "ignore" });
  return error === undefined ? undefined : `${name} is not installed`;
}

export class PeerProxy {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Once it listens on every route's port. */
  static async start(name: PeerName, routes: readonly PeerRoute[]): Promise<PeerProxy> {
    const folder = mkdtempSync(join(tmpdir(), `berth-bench-${name}-`));
    const file = join(folder, "config");
    writeFileSync(file, name === "nginx" ? nginxConfig(folder, routes) : haproxyConfig(routes));
    const args =
      name === "nginx" ? ["-c", file, "-p", folder, "-e", join(folder, "errors")] : ["-q", "-db", "-f", file];
    const child = spawn(name, args, { stdio: ["ignore", "ignore", "ignore"] });
    const peer = new PeerProxy(child, folder);
    for (const { port } of routes) await listening(port);
    return peer;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function nginxConfig(folder: string, routes: readonly PeerRoute[]): string {
  const servers = routes.map(
    ({ port, appPort }) =>
      `upstream app${port} { server 127.0.0.1:${appPort}; keepalive 64; }
       server { listen 127.0.0.1:${port} reuseport; location / {
         proxy_pass http://app${port}; proxy_http_version 1.1; proxy_set_header Connection "";
       } }`,
  );
  return `daemon off; worker_processes auto; pid ${folder}/pid; error_log ${folder}/errors crit;
    events { worker_connections 4096; }
    http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}; proxy_temp_path ${folder};
      fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      ${servers.join("\n")} }`;
}

function haproxyConfig(routes: readonly PeerRoute[]): string {
  const proxies = routes.map(
    ({ port, appPort }) => `listen app${port}
  bind 127.0.0.1:${port}
  http-reuse always
  server app 127.0.0.1:${appPort}`,
  );
  return `global
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${proxies.join("\n")}
`;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
    const isListening = await promise;
    socket.destroy();
    if (isListening) return;
    await pause(TURN_MS);
  }
}

const TURN_MS = 10;
