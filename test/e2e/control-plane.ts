// A real etcd and kube-apiserver on loopback, with RBAC on and nothing left behind: certificates, keys and data live in
// a temporary folder that goes with them, unless something failed and the logs are wanted.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { freePort } from "#cli/start/free-port.ts";
import { LoggedProcess } from "./logged-process.ts";
import type { ToolPaths } from "./tool-binaries.ts";

export interface ControlPlane {
  readonly url: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** PEM of the API server's own authority. */
  readonly ca: string;
  readonly dispatcher: Agent;
  /** Has etcd forget every version before the present one. Events are watched in etcd itself, other kinds in a cache. */
  compact(): Promise<void>;
  /** `keepLogs` leaves the folder and returns its path. */
  stop(options?: { readonly keepLogs: boolean }): Promise<string>;
}

const HOST = "127.0.0.1";
const ETCD_READY_MS_MAX = 30_000;
const API_SERVER_READY_MS_MAX = 120_000;

/**
 * @throws Error with the end of the log of whatever did not start.
 */
export async function startControlPlane(tools: ToolPaths): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
  const processes: LoggedProcess[] = [];
  const stopAll = async (): Promise<void> => {
    for (const process of processes.splice(0).toReversed()) await process.stop();
  };
  try {
    const etcdUrl = await startEtcd(tools, folder, processes);
    const server = await startApiServer(tools, { folder, etcdUrl, processes });
    return {
      ...server,
      compact: () => compactEtcd(etcdUrl),
      async stop({ keepLogs } = { keepLogs: false }) {
        await server.dispatcher.destroy();
        await stopAll();
        if (!keepLogs) rmSync(folder, { recursive: true });
        return folder;
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function startEtcd(tools: ToolPaths, folder: string, processes: LoggedProcess[]): Promise<string> {
  const clientUrl = `http://${HOST}:${await freePort(HOST)}`;
  const peerUrl = `http://${HOST}:${await freePort(HOST)}`;
  const etcd = new LoggedProcess("etcd", tools.etcd, {
    logFile: join(folder, "etcd.log"),
    args: [
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      // Nothing here outlives a crash, so nothing needs to reach the disk.
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
  });
  processes.push(etcd);
  await etcd.ready(async () => (await answers(`${clientUrl}/health`)) === 200, ETCD_READY_MS_MAX);
  return clientUrl;
}

interface ApiServerOptions {
  readonly folder: string;
  readonly etcdUrl: string;
  readonly processes: LoggedProcess[];
}

async function startApiServer(
  tools: ToolPaths,
  { folder, etcdUrl, processes }: ApiServerOptions,
): Promise<Omit<ControlPlane, "stop" | "compact">> {
  const port = await freePort(HOST);
  const token = randomBytes(16).toString("hex");
  const tokenFile = join(folder, "tokens.csv");
  writeFileSync(tokenFile, `${token},berth-e2e,berth-e2e,system:masters\n`, { mode: 0o600 });
  const serviceAccountKey = join(folder, "service-account.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(serviceAccountKey, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const certificates = join(folder, "certificates");
  const server = new LoggedProcess("kube-apiserver", tools["kube-apiserver"], {
    logFile: join(folder, "kube-apiserver.log"),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${HOST}`,
      `--secure-port=${port}`,
      // The server makes a certificate of its own there.
      `--cert-dir=${certificates}`,
      `--token-auth-file=${tokenFile}`,
      "--authorization-mode=RBAC",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${serviceAccountKey}`,
      `--service-account-signing-key-file=${serviceAccountKey}`,
      "--service-cluster-ip-range=10.96.0.0/24",
    ],
  });
  processes.push(server);
  const url = `https://${HOST}:${port}`;
  let connection: { readonly ca: string; readonly dispatcher: Agent } | undefined;
  await server.ready(async () => {
    if (connection === undefined) {
      const ca = readFileSync(join(certificates, "apiserver.crt"), "utf8");
      connection = { ca, dispatcher: new Agent({ connect: { ca } }) };
    }
    return (await answers(`${url}/readyz`, connection.dispatcher, token)) === 200;
  }, API_SERVER_READY_MS_MAX);
  if (connection === undefined) throw new Error("the API server is ready without a certificate");
  return { url, token, ...connection };
}

async function compactEtcd(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const answer = await request(`${etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (answer.statusCode !== 200)
      throw new Error(`etcd answered ${answer.statusCode}: ${await answer.body.text()}`);
    return (await answer.body.json()) as { header: { revision: string } };
  };
  const { header } = await post("/v3/kv/range", { key: Buffer.from("none").toString("base64") });
  await post("/v3/kv/compaction", { revision: header.revision, physical: true });
}

async function answers(url: string, dispatcher?: Agent, token?: string): Promise<number> {
  const { statusCode, body } = await request(url, {
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  await body.dump();
  return statusCode;
}
