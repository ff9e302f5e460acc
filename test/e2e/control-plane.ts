// A real etcd and kube-apiserver on loopback, with RBAC on and nothing left behind: certificates, keys and data live in
// a temporary folder that goes with them, unless something failed and the logs are wanted.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { makeAuthority } from "#scheduler-extender/shell/certificate-making.ts";
import { freePort } from "#cli/start/free-port.ts";
import { LoggedProcess } from "./logged-process.ts";
import type { ToolName, ToolPaths } from "./tool-binaries.ts";

export interface ControlPlane {
  readonly url: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** PEM of the API server's own authority. */
  readonly ca: string;
  readonly dispatcher: Agent;
  /** Where everything that runs here keeps its files. */
  readonly files: ControlPlaneFiles;
  /** Path of a kubeconfig for one of the users that the API server knows. */
  kubeconfigOf(user: ControlPlaneUser): string;
  /** Starts one more program, which ends with the control plane; its log is `NAME.log`. */
  spawn(name: ToolName, args: readonly string[]): LoggedProcess;
  /** Has etcd forget every version before the present one. Events are watched in etcd itself, other kinds in a cache. */
  compact(): Promise<void>;
  /** What etcd keeps below a prefix of keys, such as /registry/berth.dev: values as they are stored. */
  stored(prefix: string): Promise<readonly string[]>;
  /** `keepLogs` leaves the folder and returns its path. */
  stop(options?: { readonly keepLogs: boolean }): Promise<string>;
}

export interface ControlPlaneFiles {
  readonly folder: string;
  readonly ca: string;
  readonly serviceAccountKey: string;
  /** JSON lines: what Berth's service accounts asked of the API server. */
  readonly auditLog: string;
  /** Socket through which the API server reaches Services, for whoever answers there. */
  readonly serviceSocket: string;
}

/** The one node with a kubelet of its own, where a suite has one. */
export const KUBELET_NODE = "kubelet-node";

/** Each component with the rights that clusters give it, by the roles that come with the API server. */
const USERS = {
  admin: "system:masters",
  "system:kube-proxy": "",
  [`system:node:${KUBELET_NODE}`]: "system:nodes",
  "system:kube-controller-manager": "",
  "system:kube-scheduler": "",
  // Whose certificate an extender beside kube-scheduler has.
  "berth:scheduler-extender-verbs": "",
} as const;

export type ControlPlaneUser = keyof typeof USERS;

export const HOST = "127.0.0.1";
const ETCD_READY_MS_MAX = 120_000;
const API_SERVER_READY_MS_MAX = 120_000;

export interface ControlPlaneOptions {
  /** Address of the API server; default: loopback, where only processes of this machine's network reach it. */
  readonly host: string;
  /** How the API server reaches Services: asking at a socket, or as any machine of the cluster's network. */
  readonly services: "socket" | "network";
  /** Range of the Services' addresses. */
  readonly serviceRange: string;
}

const ON_LOOPBACK: ControlPlaneOptions = { host: HOST, services: "socket", serviceRange: "10.96.0.0/16" };

/**
 * @throws Error with the end of the log of whatever did not start.
 */
export async function startControlPlane(
  tools: ToolPaths,
  options: ControlPlaneOptions = ON_LOOPBACK,
): Promise<ControlPlane> {
  const files = filesIn(mkdtempSync(join(tmpdir(), "berth-e2e-")));
  const processes: LoggedProcess[] = [];
  const spawn = (name: ToolName, args: readonly string[]): LoggedProcess => {
    const logFile = join(files.folder, `${name}.log`);
    const spawned = new LoggedProcess(name, tools[name], { logFile, args });
    processes.push(spawned);
    return spawned;
  };
  const stopAll = async (): Promise<void> => {
    for (const process of processes.splice(0).toReversed()) await process.stop();
  };
  try {
    const etcdUrl = await startEtcd(spawn, files);
    const tokens = writeTokens(files);
    const server = await startApiServer(spawn, { ...options, files, etcdUrl, token: tokens.admin });
    return {
      ...server,
      token: tokens.admin,
      files,
      spawn,
      kubeconfigOf: (user) => writeKubeconfig(files, { ...server, user, token: tokens[user] }),
      compact: () => compactEtcd(etcdUrl),
      stored: (prefix) => storedInEtcd(etcdUrl, prefix),
      async stop({ keepLogs } = { keepLogs: false }) {
        await server.dispatcher.destroy();
        await stopAll();
        if (!keepLogs) rmSync(files.folder, { recursive: true });
        return files.folder;
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function filesIn(folder: string): ControlPlaneFiles {
  return {
    folder,
    ca: join(folder, "certificates", "apiserver.crt"),
    serviceAccountKey: join(folder, "service-account.key"),
    auditLog: join(folder, "audit.jsonl"),
    serviceSocket: join(folder, "services.sock"),
  };
}

type Spawn = (name: ToolName, args: readonly string[]) => LoggedProcess;

async function startEtcd(spawn: Spawn, { folder }: ControlPlaneFiles): Promise<string> {
  const clientUrl = `http://${HOST}:${await freePort(HOST)}`;
  const peerUrl = `http://${HOST}:${await freePort(HOST)}`;
  const etcd = spawn("etcd", [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // Nothing here outlives a crash, so nothing needs to reach the disk.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ]);
  await etcd.ready(async () => (await answers(`${clientUrl}/health`)) === 200, ETCD_READY_MS_MAX);
  return clientUrl;
}

interface ApiServerOptions extends ControlPlaneOptions {
  readonly files: ControlPlaneFiles;
  readonly etcdUrl: string;
  readonly token: string;
}

async function startApiServer(
  spawn: Spawn,
  { files, etcdUrl, token, host, services, serviceRange }: ApiServerOptions,
): Promise<Pick<ControlPlane, "url" | "ca" | "dispatcher">> {
  const port = await freePort(host);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(files.serviceAccountKey, privateKey.export({ type: "pkcs8", format: "pem" }), {
    mode: 0o600,
  });
  const server = spawn("kube-apiserver", [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${host}`,
    `--secure-port=${port}`,
    // The server makes a certificate of its own there.
    `--cert-dir=${join(files.folder, "certificates")}`,
    `--token-auth-file=${tokenFile(files)}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    `--service-cluster-ip-range=${serviceRange}`,
    ...(await aggregationFlags(files)),
    `--audit-policy-file=${writeJson(files, "audit-policy.json", AUDIT_POLICY)}`,
    `--audit-log-path=${files.auditLog}`,
    ...(services === "network" ? [] : [egressFlag(files)]),
  ]);
  const url = `https://${host}:${port}`;
  let connection: { readonly ca: string; readonly dispatcher: Agent } | undefined;
  await server.ready(async () => {
    if (connection === undefined) {
      const ca = readFileSync(files.ca, "utf8");
      connection = { ca, dispatcher: new Agent({ connect: { ca } }) };
    }
    return (await answers(`${url}/readyz`, connection.dispatcher, token)) === 200;
  }, API_SERVER_READY_MS_MAX);
  if (connection === undefined) throw new Error("the API server is ready without a certificate");
  return { url, ...connection };
}

// By these an API behind this one knows it, and believes what it says of who is asking. One certificate that vouches for
// itself does for both ends.
async function aggregationFlags({ folder }: ControlPlaneFiles): Promise<readonly string[]> {
  const { certificate, key } = await makeAuthority(Date.now());
  const [certificateFile, keyFile] = [join(folder, "aggregator.crt"), join(folder, "aggregator.key")];
  writeFileSync(certificateFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return [
    `--requestheader-client-ca-file=${certificateFile}`,
    `--proxy-client-cert-file=${certificateFile}`,
    `--proxy-client-key-file=${keyFile}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
  ];
}

// Everything that a service account of Berth's asks, and how it was answered.
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts:berth-system"] }, { level: "None" }],
};

// A cluster's control plane reaches Services through kube-proxy's rules or a tunnel; this one asks at a socket.
function egressFlag(files: ControlPlaneFiles): string {
  return `--egress-selector-config-file=${writeJson(files, "egress.json", egressThrough(files.serviceSocket))}`;
}

function egressThrough(socket: string): object {
  return {
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [
      {
        name: "cluster",
        connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: socket } } },
      },
    ],
  };
}

type Tokens = Readonly<Record<ControlPlaneUser, string>>;

function writeTokens(files: ControlPlaneFiles): Tokens {
  const tokens = Object.fromEntries(
    Object.keys(USERS).map((user) => [user, randomBytes(16).toString("hex")]),
  ) as Tokens;
  const lines = Object.entries(USERS).map(
    ([user, group]) =>
      `${tokens[user as ControlPlaneUser]},${user},${user}${group === "" ? "" : `,${group}`}\n`,
  );
  writeFileSync(tokenFile(files), lines.join(""), { mode: 0o600 });
  return tokens;
}

function tokenFile({ folder }: ControlPlaneFiles): string {
  return join(folder, "tokens.csv");
}

function writeKubeconfig(
  files: ControlPlaneFiles,
  { url, token, user }: { readonly url: string; readonly token: string; readonly user: string },
): string {
  const cluster = { server: url, "certificate-authority": files.ca };
  const name = `${user.replaceAll(":", "-")}.kubeconfig`;
  return writeJson(files, name, kubeconfig({ cluster, user: { token } }));
}

/** A kubeconfig with one context. */
export function kubeconfig({ cluster, user }: { readonly cluster: object; readonly user: object }): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "e2e", cluster }],
    users: [{ name: "e2e", user }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "e2e" } }],
    "current-context": "e2e",
  };
}

/** Returns the file's path; only its owner can read it. */
export function writeJson(
  { folder }: Pick<ControlPlaneFiles, "folder">,
  name: string,
  content: object,
): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}

async function compactEtcd(etcdUrl: string): Promise<void> {
  const { header } = await askEtcd(etcdUrl, "/v3/kv/range", { key: base64("none") });
  await askEtcd(etcdUrl, "/v3/kv/compaction", { revision: header.revision, physical: true });
}

async function storedInEtcd(etcdUrl: string, prefix: string): Promise<readonly string[]> {
  // 0 comes after /: everything below the prefix, and nothing that only begins like it.
  const range = { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) };
  const { kvs = [] } = await askEtcd(etcdUrl, "/v3/kv/range", range);
  return kvs.map(({ value }) => Buffer.from(value, "base64").toString());
}

interface EtcdAnswer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly value: string }[];
}

async function askEtcd(etcdUrl: string, path: string, body: object): Promise<EtcdAnswer> {
  const answer = await request(`${etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) });
  if (answer.statusCode !== 200)
    throw new Error(`etcd answered ${answer.statusCode}: ${await answer.body.text()}`);
  return (await answer.body.json()) as EtcdAnswer;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

async function answers(url: string, dispatcher?: Agent, token?: string): Promise<number> {
  const { statusCode, body } = await request(url, {
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  await body.dump();
  return statusCode;
}
