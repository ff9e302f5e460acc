// The proxy's credentials at the API server: files, which the cluster renews, so the token is read for each request.

import { access, readFile } from "node:fs/promises";

import { KubeConnection } from "#kube/connection.ts";
import { UsageError } from "#runtime/usage-error.ts";

import type { ProxyConfig } from "./proxy-config.ts";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** @throws UsageError if a file that was asked for cannot be read. */
export async function connectToApiServer(
  server: string,
  { tokenFile, caFile }: Pick<ProxyConfig, "tokenFile" | "caFile">,
): Promise<KubeConnection> {
  const isSecure = server.startsWith("https:");
  // Without TLS a token would go over the wire for anyone to read, so the default one is not sent.
  const tokenPath = tokenFile ?? (isSecure ? await existing(`${SERVICE_ACCOUNT}/token`) : undefined);
  const caPath = caFile ?? (isSecure ? await existing(`${SERVICE_ACCOUNT}/ca.crt`) : undefined);
  if (tokenPath !== undefined) await readable("--token-file", tokenPath);
  const ca = caPath === undefined ? undefined : await readable("--ca-file", caPath);
  return new KubeConnection({
    server,
    userAgent: "berth-proxy",
    ...(ca === undefined ? {} : { ca }),
    ...(tokenPath === undefined ? {} : { token: async () => (await readFile(tokenPath, "utf8")).trim() }),
  });
}

async function readable(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}

async function existing(path: string): Promise<string | undefined> {
  try {
    await access(path);
    return path;
  } catch {
    // Outside a cluster there is none, and the API server says so if it needs one.
    return undefined;
  }
}
