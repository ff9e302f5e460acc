// How to reach the user's cluster: kubeconfig files with everything they may name, or the pod's own service account.
// The only file that imports client-node, which costs some 85 MB resident: import this one dynamically, where needed.

import { accessSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { bufferFromFileOrString, KubeConfig } from "@kubernetes/client-node";
import type { Cluster, User } from "@kubernetes/client-node";
import { UsageError } from "#runtime/usage-error.ts";
import type { ConnectionOptions } from "./connection.ts";

export interface KubeconfigChoice {
  /** Path of a kubeconfig file; if absent $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly kubeconfig?: string;
  /** Name of one of its contexts; its current one if absent. */
  readonly context?: string;
}

/**
 * Resolves credentials as kubectl does. Tokens from exec plugins, OIDC and the service account's file are fetched anew
 * when they expire; client certificates and a kubeconfig's tokenFile are read once.
 *
 * @throws UsageError naming the file or context that is missing, unreadable, or asks for something not supported
 *   (proxy-url, impersonation, user name and password).
 */
export async function loadConnectionOptions(choice: KubeconfigChoice): Promise<ConnectionOptions> {
  const { config, origin } = loadConfig(choice.kubeconfig);
  const { cluster, user } = chooseContext(config, origin, choice.context);
  refuseUnsupported(cluster, user, origin);
  // client-node refuses http without this flag; the loopback API and `kubectl proxy` are plain http, which verifies nothing.
  if (cluster.server.startsWith("http:")) {
    config.clusters = config.clusters.map((other) =>
      other.name === cluster.name ? { ...other, skipTLSVerify: true } : other,
    );
  }
  const { cert, key, token } = await readCredentials(config, origin);
  const ca = reading(origin, () => bufferFromFileOrString(cluster.caFile, cluster.caData));
  return {
    server: cluster.server,
    isServerVerified: !cluster.skipTLSVerify,
    ...(ca === null ? {} : { ca: ca.toString("utf8") }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster.tlsServerName === undefined ? {} : { serverName: cluster.tlsServerName }),
    ...(token === undefined
      ? {}
      : { token: async () => (await readCredentials(config, origin)).token ?? "" }),
  };
}

interface LoadedConfig {
  readonly config: KubeConfig;
  /** Where it came from, for messages. */
  readonly origin: string;
}

function loadConfig(kubeconfig: string | undefined): LoadedConfig {
  if (kubeconfig !== undefined) return loadFiles([kubeconfig], `kubeconfig ${kubeconfig}`);
  const listed = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) {
    // kubectl ignores missing files of the list as long as one is there.
    const present = listed.filter(isReadable);
    return loadFiles(present.length > 0 ? present : listed, `KUBECONFIG ${listed.join(delimiter)}`);
  }
  const standard = join(homedir(), ".kube", "config");
  if (isReadable(standard)) return loadFiles([standard], `kubeconfig ${standard}`);
  if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined && isReadable(SERVICE_ACCOUNT_TOKEN)) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return { config, origin: "the pod's service account" };
  }
  throw new UsageError(
    `no cluster to connect to: --kubeconfig was not given, KUBECONFIG is not set, ${standard} is not there, ` +
      "and this process does not run in a pod with a service account",
  );
}

function loadFiles(paths: readonly string[], origin: string): LoadedConfig {
  const config = new KubeConfig();
  for (const [index, path] of paths.entries()) {
    const part = index === 0 ? config : new KubeConfig();
    reading(`kubeconfig ${path}`, () => part.loadFromFile(path));
    if (part !== config) reading(origin, () => config.mergeConfig(part));
  }
  return { config, origin };
}

function chooseContext(
  config: KubeConfig,
  origin: string,
  chosen: string | undefined,
): { readonly cluster: Cluster; readonly user: User | null } {
  const name = chosen ?? config.getCurrentContext();
  if (name === undefined || name === "") {
    throw new UsageError(`${origin} has no current context; choose one with --context`);
  }
  const context = config.getContextObject(name);
  if (context === null) {
    const names = config.getContexts().map((known) => known.name);
    throw new UsageError(
      `${origin} has no context ${JSON.stringify(name)}; it has: ${names.join(", ") || "none"}`,
    );
  }
  config.setCurrentContext(name);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new UsageError(
      `${origin}: context ${name} names the cluster ${context.cluster}, which is not there`,
    );
  }
  return { cluster, user: config.getCurrentUser() };
}

function refuseUnsupported(cluster: Cluster, user: User | null, origin: string): void {
  const unsupported = [
    cluster.proxyUrl === undefined ? "" : "proxy-url",
    (user?.impersonateUser ?? "") === "" ? "" : "impersonation (as)",
    (user?.username ?? "") === "" ? "" : "user name and password",
  ].filter((setting) => setting !== "");
  if (unsupported.length > 0)
    throw new UsageError(`${origin} asks for ${unsupported.join(", ")}: not supported`);
}

interface Credentials {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

/** Runs the user's plugin or reads its files; client-node caches both until they expire. */
async function readCredentials(config: KubeConfig, origin: string): Promise<Credentials> {
  const options: CredentialOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new UsageError(`${origin}: no credentials: ${messageOf(cause)}`, { cause });
  }
  const authorization = options.headers?.["Authorization"];
  return {
    cert: options.cert?.toString(),
    key: options.key?.toString(),
    // Token files end with a line feed, which no header may contain.
    token: typeof authorization === "string" ? authorization.replace(/^Bearer /, "").trim() : undefined,
  };
}

/** What client-node fills in, of all that an HTTPS request may carry. */
interface CredentialOptions {
  cert?: string | Buffer;
  key?: string | Buffer;
  headers?: Record<string, string>;
}

function reading<T>(origin: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new UsageError(`${origin} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    // Absence is an answer; the caller says what was looked for.
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
