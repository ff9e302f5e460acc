import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { KubeConnection } from "./connection.ts";
import { loadConnectionOptions } from "./kubeconfig.ts";
import { answerJson, startScriptedServer } from "./scripted-server.ts";

async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), "berth-kubeconfig-"));
  return {
    async write(name: string, content: string | object): Promise<string> {
      const file = join(path, name);
      await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
      return file;
    },
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true });
    },
  };
}

/** A kubeconfig (JSON is YAML) with one cluster, one user, and the contexts "main" and "broken". */
function aKubeconfig(parts: { cluster?: object; user?: object; current?: string } = {}): object {
  const { cluster = {}, user = {}, current = "main" } = parts;
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "main", context: { cluster: "c", user: "u" } },
      { name: "broken", context: { cluster: "missing", user: "u" } },
    ],
    "current-context": current,
  };
}

/** Runs with these environment variables, and puts the former ones back. */
async function withEnvironment<T>(variables: NodeJS.ProcessEnv, run: () => Promise<T>): Promise<T> {
  const former = { ...process.env };
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    return await run();
  } finally {
    process.env = former;
  }
}

function usage(pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UsageError && pattern.test(error.message);
}

test("certificates, the server's name and its verification come from the file, inline or beside it", async () => {
  await using folder = await aFolder();
  await folder.write("ca.crt", "the authority");
  const inline = (text: string): string => Buffer.from(text).toString("base64");
  const kubeconfig = await folder.write(
    "config",
    aKubeconfig({
      cluster: { "certificate-authority": "ca.crt", "tls-server-name": "kubernetes.default" },
      user: { "client-certificate-data": inline("the certificate"), "client-key-data": inline("the key") },
    }),
  );
  assert.deepEqual(await loadConnectionOptions({ kubeconfig }), {
    server: "https://10.0.0.1:6443",
    ca: "the authority",
    cert: "the certificate",
    key: "the key",
    serverName: "kubernetes.default",
    isServerVerified: true,
  });
});

test("a token reaches the server, even over plain http as with a proxy on loopback", async () => {
  await using server = await startScriptedServer((_request, response) => answerJson(response, 200, {}));
  await using folder = await aFolder();
  const kubeconfig = await folder.write(
    "config",
    aKubeconfig({ cluster: { server: server.url }, user: { token: "secret" } }),
  );
  const connection = new KubeConnection(await loadConnectionOptions({ kubeconfig }));
  await connection.get("/api/v1/nodes");
  await connection.close();
  assert.equal(server.requests[0]?.headers.authorization, "Bearer secret");
});

test("an exec plugin is asked for the token, and asked again once it has expired", async () => {
  await using folder = await aFolder();
  const plugin = await folder.write(
    "plugin.mjs",
    `import { readFileSync, writeFileSync } from "node:fs";
     const count = new URL("count", import.meta.url);
     let n = 0;
     try { n = Number(readFileSync(count)); } catch {}
     writeFileSync(count, String(n + 1));
     const status = { token: "token-" + n, expirationTimestamp: n < 1 ? "2001-01-01T00:00:00Z" : "2999-01-01T00:00:00Z" };
     console.log(JSON.stringify({ kind: "ExecCredential", status }));`,
  );
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: [plugin] };
  const kubeconfig = await folder.write("config", aKubeconfig({ user: { exec } }));
  const { token } = await loadConnectionOptions({ kubeconfig });
  assert.ok(typeof token === "function");
  assert.equal(await token(), "token-1");
  assert.equal(await token(), "token-1");
});

test("a plugin that fails is told with what it said", async () => {
  await using folder = await aFolder();
  const exec = { command: process.execPath, args: ["-e", "console.error('log in first'); process.exit(1)"] };
  const kubeconfig = await folder.write("config", aKubeconfig({ user: { exec } }));
  await assert.rejects(loadConnectionOptions({ kubeconfig }), usage(/config: no credentials: log in first$/));
});

test("a service account's token file is read again after a minute", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 0 });
  await using folder = await aFolder();
  const tokenFile = await folder.write("token", "first\n");
  // How client-node describes a pod's service account.
  const user = { "auth-provider": { name: "tokenFile", config: { tokenFile } } };
  const kubeconfig = await folder.write("config", aKubeconfig({ user }));
  const { token } = await loadConnectionOptions({ kubeconfig });
  assert.ok(typeof token === "function");
  assert.equal(await token(), "first");
  await folder.write("token", "second\n");
  context.mock.timers.tick(61_000);
  assert.equal(await token(), "second");
});

test("a context can be chosen, and a missing one is named together with those that are there", async () => {
  await using folder = await aFolder();
  const kubeconfig = await folder.write("config", aKubeconfig({ current: "" }));
  assert.equal(
    (await loadConnectionOptions({ kubeconfig, context: "main" })).server,
    "https://10.0.0.1:6443",
  );
  await assert.rejects(
    loadConnectionOptions({ kubeconfig, context: "prod" }),
    usage(/config has no context "prod"; it has: main, broken$/),
  );
  await assert.rejects(loadConnectionOptions({ kubeconfig }), usage(/no current context/));
  await assert.rejects(loadConnectionOptions({ kubeconfig, context: "broken" }), usage(/cluster missing/));
});

test("a missing or garbled file is named", async () => {
  await using folder = await aFolder();
  const absent = join(folder.path, "absent");
  await assert.rejects(
    loadConnectionOptions({ kubeconfig: absent }),
    usage(/kubeconfig .*absent cannot be read: ENOENT/),
  );
  const garbled = await folder.write("garbled", "clusters: [");
  await assert.rejects(loadConnectionOptions({ kubeconfig: garbled }), usage(/garbled cannot be read/));
  const empty = await folder.write("empty", "");
  await assert.rejects(loadConnectionOptions({ kubeconfig: empty }), UsageError);
});

test("what is not supported is refused by name", async () => {
  await using folder = await aFolder();
  const kubeconfig = await folder.write(
    "config",
    aKubeconfig({ cluster: { "proxy-url": "http://proxy" }, user: { as: "admin" } }),
  );
  await assert.rejects(loadConnectionOptions({ kubeconfig }), usage(/proxy-url, impersonation/));
});

test("without a choice KUBECONFIG's files are merged, then the home directory's file is taken", async () => {
  await using folder = await aFolder();
  const users = await folder.write("users", {
    users: [{ name: "u", user: { token: "merged" } }],
    "current-context": "main",
  });
  const rest = await folder.write("rest", { ...aKubeconfig(), users: [] });
  const absent = join(folder.path, "absent");
  const merged = await withEnvironment({ KUBECONFIG: [absent, users, rest].join(delimiter) }, () =>
    loadConnectionOptions({}),
  );
  assert.ok(typeof merged.token === "function");
  assert.equal(await merged.token(), "merged");
  await assert.rejects(
    withEnvironment({ KUBECONFIG: absent }, () => loadConnectionOptions({})),
    usage(/absent cannot be read/),
  );
  const nowhere = { KUBECONFIG: undefined, HOME: folder.path, KUBERNETES_SERVICE_HOST: undefined };
  await assert.rejects(
    withEnvironment(nowhere, () => loadConnectionOptions({})),
    usage(/no cluster to connect to/),
  );
});
