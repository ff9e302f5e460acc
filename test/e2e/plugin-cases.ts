// berth as kubectl's plugin: found by the real kubectl on PATH, with its flags, its outputs and its exit codes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PLUGIN_FILE } from "#cli/program-name.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const CLI = fileURLToPath(new URL("../../cli/berth.ts", import.meta.url));
/** kubectl, then Node: a second or two on an idle machine. */
const RUN_MS_MAX = 90_000;

interface Ran {
  readonly plugin: string;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function pluginCases(cluster: () => TestCluster): void {
  // Not in one go: what the plugin asks is passed on by this process.
  const kubectl = (...args: readonly string[]): Promise<Ran> => {
    const { kubeconfig, kubectlPath } = cluster();
    // What npm does at an installation.
    const folder = join(dirname(kubeconfig), "plugins");
    mkdirSync(folder, { recursive: true });
    const plugin = join(folder, PLUGIN_FILE);
    try {
      symlinkSync(CLI, plugin);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EEXIST");
    }
    const PATH = [folder, dirname(process.execPath), "/usr/bin", "/bin"].join(":");
    const env = { PATH, KUBECONFIG: kubeconfig, HOME: folder };
    return new Promise((resolve) => {
      const child = execFile(kubectlPath, args, { env, timeout: RUN_MS_MAX }, (_, stdout, stderr) => {
        resolve({ plugin, status: child.exitCode, stdout, stderr });
      });
    });
  };

  test("kubectl lists the plugin, and runs its commands with the kubeconfig in force", async (t) => {
    const { plugin, stdout, stderr } = await kubectl("plugin", "list");
    assert.ok(stdout.split("\n").includes(plugin), stdout + stderr);
    const status = await kubectl("berth", "status");
    t.diagnostic(status.stdout.replaceAll("\n", "\n# "));
    assert.match(status.stdout, /^nodes +\d+, \d+ with a ready proxy/);
    assert.match((await kubectl("berth", "--help")).stdout, /^Usage: kubectl berth COMMAND/);
  });

  test("kubectl's own flags mean the same to the plugin", async (t) => {
    const { kubeconfig } = cluster();
    const pod = (await cluster().pods(APP_NAMESPACE))
      .map(decodePod)
      .find(
        ({ nodeName, app, isTerminating }) =>
          nodeName !== undefined && app !== undefined && isTerminating !== true,
      );
    assert.ok(pod?.nodeName !== undefined);
    const context = ["--context=e2e", `--kubeconfig=${kubeconfig}`];
    const explained = await kubectl("berth", "explain", "pod", pod.name, "-n", APP_NAMESPACE, ...context);
    assert.ok(
      explained.stdout.startsWith(`${APP_NAMESPACE}/${pod.name}: bound on ${pod.nodeName}`),
      explained.stderr,
    );
    const top = await kubectl("berth", "top", "apps", "-n", APP_NAMESPACE, "-o=json", ...context);
    const { rows } = JSON.parse(top.stdout) as { readonly rows: readonly { readonly app: string }[] };
    assert.ok(rows.length > 0 && rows.every(({ app }) => app.startsWith(`${APP_NAMESPACE}/`)));
    const app = await kubectl("berth", "explain", "app", pod.app ?? "");
    t.diagnostic(app.stdout.replaceAll("\n", "\n# "));
    assert.match(app.stdout, new RegExp(`^${pod.app}: \\d+ pods? on \\d+ nodes?`), app.stderr);
  });

  test("exit codes come through kubectl: 0, and 2 for what the user can mend", async () => {
    const nobody = await kubectl("berth", "explain", "pod", "nobody", "-n", APP_NAMESPACE);
    assert.equal(nobody.status, 2);
    assert.match(nobody.stderr, /the extender does not explain shop\/nobody/);
    assert.equal((await kubectl("berth", "status", "--context=elsewhere")).status, 2);
    assert.equal((await kubectl("berth", "top", "everything")).status, 2);
    assert.equal((await kubectl("berth", "status", "-o", "yaml")).status, 0);
  });
}
