// The real control plane's programs, built from source at the versions that go.mod and go.sum pin. Built once per
// content: the cache lies outside the repository and is keyed by those files, the Go version and the flags, so that
// another clone finds what the first one built.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "#runtime/usage-error.ts";

const PACKAGES = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
} as const;

export type ToolName = keyof typeof PACKAGES;
export type ToolPaths = Readonly<Record<ToolName, string>>;

const MODULE_FOLDER = fileURLToPath(new URL(".", import.meta.url));
const PROGRESS_MS = 15_000;

/**
 * Paths of the programs, building what is missing; the first build takes ten minutes and more on two cores and says how
 * far it is.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if a build fails.
 */
export async function toolBinaries(progress: (line: string) => void): Promise<ToolPaths> {
  const folder = join(cacheFolder(), cacheKey());
  const paths = Object.fromEntries(
    Object.keys(PACKAGES).map((name) => [name, join(folder, name)]),
  ) as ToolPaths;
  mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(PACKAGES) as ToolName[]) {
    if (!existsSync(paths[name])) await build(name, paths[name], progress);
  }
  return paths;
}

/** The Kubernetes version that go.mod pins, as the server reports it. */
export function kubernetesVersion(): string {
  return moduleVersion("k8s.io/kubernetes");
}

/** What the suite runs on, in one line. */
export function toolVersions(): string {
  const [etcd, kwok] = [moduleVersion("go.etcd.io/etcd/server/v3"), moduleVersion("sigs.k8s.io/kwok")];
  return `Kubernetes ${kubernetesVersion()}, etcd ${etcd}, kwok ${kwok}, built with ${goVersion()}`;
}

function moduleVersion(module: string): string {
  const line = readModuleFile("go.mod")
    .split("\n")
    .find((candidate) => candidate.startsWith(`\t${module} v`));
  if (line === undefined) throw new Error(`go.mod does not require ${module}`);
  return line.trim().split(" ")[1] ?? "";
}

function cacheFolder(): string {
  const { BERTH_E2E_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return own ?? join(caches ?? join(homedir(), ".cache"), "berth", "e2e");
}

function cacheKey(): string {
  const content = [goVersion(), linkerFlags(), readModuleFile("go.mod"), readModuleFile("go.sum")].join("\0");
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function goVersion(): string {
  const { status, stdout } = spawnSync("go", ["version"], { encoding: "utf8" });
  if (status === 0) return stdout.trim();
  throw new UsageError(
    "the e2e suite builds Kubernetes, etcd and kwok from source and needs Go, which is not installed: install Go 1.26 or newer so that `go version` works",
  );
}

// Without them the server calls itself v0.0.0, and clients that look at the version go astray.
function linkerFlags(): string {
  const [major, minor] = kubernetesVersion().slice(1).split(".");
  const set = (name: string, value = ""): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return [
    "-s",
    "-w",
    set("gitVersion", kubernetesVersion()),
    set("gitMajor", major),
    set("gitMinor", minor),
  ].join(" ");
}

async function build(name: ToolName, path: string, progress: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
  progress(`building ${name} …`);
  const ticking = setInterval(() => progress(`building ${name} … ${seconds()} s`), PROGRESS_MS);
  try {
    // Under another name until it is whole: a build that is broken off must not be found by the next run.
    const partial = `${path}.partial`;
    await go(["build", "-ldflags", linkerFlags(), "-o", partial, PACKAGES[name]]);
    renameSync(partial, path);
    progress(`built ${name} in ${seconds()} s`);
  } finally {
    clearInterval(ticking);
  }
}

async function go(args: readonly string[]): Promise<void> {
  const child = spawn("go", args, {
    cwd: MODULE_FOLDER,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk) => (words = (words + String(chunk)).slice(-WORDS_MAX)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`go ${args.slice(0, 1).join(" ")} ended with ${String(code)}:\n${words}`);
}

/** The end of the compiler's output is what tells. */
const WORDS_MAX = 8_192;

function readModuleFile(name: string): string {
  return readFileSync(join(MODULE_FOLDER, name), "utf8");
}
