// What clients do that are given nothing but the environment that admission computes: each of a language's own clients
// asks a Service of the mesh, by its name, and something encrypted outside of it, by real proxies of two nodes.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import type { AppName } from "#model/brand.ts";
import { ServiceTable } from "#proxy/shell/service-table.ts";
import { startApp } from "#proxy/testing/app-server.ts";
import { HostBed } from "#proxy/testing/host-bed.ts";
import { TestAuthority } from "#proxy/testing/test-authority.ts";
import { systemClock } from "#runtime/clock.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";
import { injectedEnvironment } from "./injected-environment.ts";

/** By what a client was to do; texts that begin with "error: " say why it could not. */
export interface ClientResults {
  readonly hello: string;
  /** Connections beside the first one for five requests. This and the next three are left out without an answer. */
  readonly kept?: string;
  readonly echoed?: string;
  readonly large?: string;
  readonly redirected?: string;
  /** Absent where this machine has no address for it. */
  readonly encrypted?: string;
  /** Absent where the standard library has none. */
  readonly webSocket?: string;
}

export const PROGRAMS = {
  curl: { command: "sh", args: ["client.sh"], needs: ["curl", "--version"] },
  node: { command: process.execPath, args: ["client.mjs"], needs: [process.execPath, "--version"] },
  python: { command: "python3", args: ["client.py"], needs: ["python3", "--version"] },
  go: { command: "go", args: ["run", "client.go"], needs: ["go", "version"] },
  java: { command: "java", args: ["client.java"], needs: ["java", "-version"] },
} as const satisfies Record<string, Program>;
export type ProgramName = keyof typeof PROGRAMS;

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Says whether it is installed, and which version. */
  readonly needs: readonly string[];
}

/** What comes back from a client that went through the proxy. */
export const EXPECTED: Required<Omit<ClientResults, "kept">> = {
  hello: "hello",
  echoed: digest("x".repeat(5_000_000)),
  large: digest("y".repeat(5_000_000)),
  redirected: "hello",
  encrypted: "tunnel",
  webSocket: "hello",
};

const [WEB, CART] = ["shop/web" as AppName, "shop/cart" as AppName];
const [OWN, OTHER] = ["127.0.0.1", "127.0.0.2"];
const PROGRAM_MS_MAX = 120_000;
/** In /proc/net/tcp. */
const ESTABLISHED = "01";

export class ClientTrial {
  readonly #context: TestContext;
  readonly #web: HostBed;
  readonly #cart: HostBed;
  readonly #services = new ServiceTable({ nodeAddress: OWN, clock: systemClock() });
  #environment: NodeJS.ProcessEnv = {};
  #encryptedUrl = "";
  #openedAtFirst = 0;

  static async start(context: TestContext): Promise<ClientTrial> {
    const trial = new ClientTrial(context);
    await trial.#begin();
    return trial;
  }

  private constructor(context: TestContext) {
    this.#context = context;
    this.#web = new HostBed(context, { services: this.#services });
    this.#cart = new HostBed(context, { nodeAddress: OTHER });
  }

  /** Requests of the clients' app, and those that reached the called app by its node. */
  counts(): { readonly outbound: number; readonly inbound: number } {
    return {
      outbound: this.#web.instance(WEB).counters.read().outbound.requests,
      inbound: this.#cart.instance(CART).counters.read().inbound.requests,
    };
  }

  /** @returns by client; undefined where the program's language is not installed. */
  async run(name: ProgramName): Promise<Readonly<Record<string, ClientResults>> | undefined> {
    if ((await versionOf(name)) === undefined) return undefined;
    const { command, args } = PROGRAMS[name];
    const output = await outputOf(command, [...args, "http://cart.shop.svc/", this.#encryptedUrl], {
      cwd: fileURLToPath(new URL("programs/", import.meta.url)),
      env: this.#environment,
    });
    return JSON.parse(output) as Record<string, ClientResults>;
  }

  async #begin(): Promise<void> {
    const app = await startApp(this.#context, (request, response) => this.#answer(request, response));
    app.server.on("upgrade", (request, socket: Socket) => echoOneMessage(request, socket));
    await this.#web.serve(WEB, 1);
    const { inbound } = await this.#cart.serve(CART, app.port);
    const entries = [aNodeEntry({ node: "other", address: OTHER })];
    this.#services.sliceSeen(aNodeSlice({ inboundPort: inbound, entries }));
    this.#encryptedUrl = await this.#startEncrypted();
    const { HOME, PATH, GOCACHE, GOPATH } = process.env;
    this.#environment = {
      HOME,
      PATH,
      GOCACHE,
      GOPATH,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      ...injectedEnvironment(this.#web.ports(WEB), OWN),
    };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = "" } = request;
    const opened = (): number => this.#web.instance(WEB).counters.read().outbound.connectionsOpened;
    if (url === "/kept/1") this.#openedAtFirst = opened();
    if (url === "/redirect") {
      response.writeHead(302, { Location: "http://cart.shop.svc/hello" }).end();
    } else if (url === "/echo") {
      const hash = createHash("sha256");
      request.on("data", (bytes: Buffer) => hash.update(bytes));
      request.on("end", () => response.end(hash.digest("hex")));
    } else if (url === "/large") response.end("y".repeat(5_000_000));
    else if (url === "/hello") response.end("hello");
    else response.end(String(opened() - this.#openedAtFirst));
  }

  /** Where this machine is no loopback, which no client asks a proxy for. It says how it was reached. */
  async #startEncrypted(): Promise<string> {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
    if (own === undefined) return "";
    const { certificate: cert, key } = await (await TestAuthority.make()).certify("shop/any");
    const server = createTlsServer({ cert, key }, (request, response) => {
      // The proxies are in this process.
      response.end(isOfThisProcess(request.socket.remotePort) ? "tunnel" : "past the proxy");
    });
    server.listen(0, own.address);
    await once(server, "listening");
    this.#context.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return `https://${own.address}:${(server.address() as AddressInfo).port}/`;
  }
}

/** The first line of what it says of itself; undefined if it is not installed. */
export async function versionOf(name: ProgramName): Promise<string | undefined> {
  const [command = "", ...args] = PROGRAMS[name].needs;
  try {
    return (await outputOf(command, args, { env: process.env })).split("\n")[0];
  } catch {
    // Whoever called says so.
    return undefined;
  }
}

/** Whether the other end of a connection from that port of this machine belongs to this process, as the kernel has it. */
function isOfThisProcess(port = 0): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    readFileSync(file, "latin1").split("\n"),
  );
  const found = lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(local) === true && fields[3] === ESTABLISHED ? [`socket:[${fields[9]}]`] : [];
  });
  const inodes = new Set(found);
  return readdirSync("/proc/self/fd").some((descriptor) => inodes.has(linkOf(descriptor)));
}

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The one that was open for the listing.
    return "";
  }
}

interface ProgramOptions {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

async function outputOf(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(command, args, { timeout: PROGRAM_MS_MAX, ...options }, (error, stdout, stderr) => {
    // Java says what it is on the other stream.
    if (error === null) resolve(stdout === "" ? stderr : stdout);
    else reject(new Error(`${command}: ${error.message}\n${stderr}`));
  });
  return promise;
}

/** A server of WebSockets for one short message (RFC 6455 §4.2.2, §5). */
function echoOneMessage({ headers }: IncomingMessage, socket: Socket): void {
  const accepted = createHash("sha1").update(`${headers["sec-websocket-key"]}${WEB_SOCKET_GUID}`);
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.end());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accepted.digest("base64")}\r\n\r\n`,
  );
  socket.once("data", (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
}

const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
