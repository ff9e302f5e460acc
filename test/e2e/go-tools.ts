// Programs built from source at the versions that a folder's go.mod and go.sum pin. Built once per content: the cache
// lies outside the repository and is keyed by those files, the Go version and the flags, so that another clone finds
// what the first one built.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { execFile, spawn, spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { UsageError } from "#runtime/usage-error.ts";

const run = promisify(execFile);

export interface GoToolsOptions<Name extends string> {
  /** Where go.mod and go.sum lie. */
  readonly folder: string;
  /** Name of the program → its package. */
  readonly packages: Readonly<Record<Name, string>>;
  /** Source files of the module's own packages, if it has any. */
  readonly sources?: readonly string[];
}

const PROGRESS_MS = 15_000;

export class GoTools<Name extends string> {
  readonly #folder: string;
  readonly #packages: Readonly<Record<Name, string>>;
  readonly #sources: readonly string[];

  constructor({ folder, packages, sources = [] }: GoToolsOptions<Name>) {
    this.#folder = folder;
    this.#packages = packages;
    this.#sources = sources;
  }

  /**
   * Paths of the programs, building what is missing; the first build takes minutes and says how far it is.
   *
   * @throws UsageError if there is no Go; Error with the compiler's words if a build fails.
   */
  async paths(progress: (line: string) => void): Promise<Readonly<Record<Name, string>>> {
    const folder = join(cacheFolder(), this.#cacheKey());
    const names = Object.keys(this.#packages) as Name[];
    const paths = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Record<Name, string>;
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
      if (!existsSync(paths[name])) await this.#build(name, paths[name], progress);
    }
    return paths;
  }

  /** Where a program is if an earlier run built it; undefined if none did, or there is no Go to ask for its version. */
  built(name: Name): string | undefined {
    try {
      const path = join(cacheFolder(), this.#cacheKey(), name);
      return existsSync(path) ? path : undefined;
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  /** The version of a module that go.mod requires. */
  moduleVersion(module: string): string {
    const line = this.#requirementOf(module);
    if (line === undefined) throw new Error(`go.mod does not require ${module}`);
    return line.trim().split(" ")[1] ?? "";
  }

  /** Where the sources of a module lie that go.mod requires; fetched if they are missing. */
  async moduleFolder(module: string): Promise<string> {
    const { stdout } = await run("go", ["mod", "download", "-json", module], { cwd: this.#folder });
    return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
  }

  #requires(module: string): boolean {
    return this.#requirementOf(module) !== undefined;
  }

  #requirementOf(module: string): string | undefined {
    return this.#read("go.mod")
      .split("\n")
      .find((candidate) => candidate.startsWith(`\t${module} v`));
  }

  #cacheKey(): string {
    const files = ["go.mod", "go.sum", ...this.#sources].map((name) => this.#read(name));
    const content = [goVersion(), this.#linkerFlags(), ...files].join("\0");
    return createHash("sha256").update(content).digest("hex").slice(0, 16);
  }

  // Without them Kubernetes' programs call themselves v0.0.0, and clients that look at the version go astray.
  #linkerFlags(): string {
    if (!this.#requires(KUBERNETES)) return "-s -w";
    const version = this.moduleVersion(KUBERNETES);
    const [major, minor] = version.slice(1).split(".");
    const set = (name: string, value = ""): string => `-X k8s.io/component-base/version.${name}=${value}`;
    return ["-s", "-w", set("gitVersion", version), set("gitMajor", major), set("gitMinor", minor)].join(" ");
  }

  async #build(name: Name, path: string, progress: (line: string) => void): Promise<void> {
    const startedMs = performance.now();
    const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
    progress(`building ${name} …`);
    const ticking = setInterval(() => progress(`building ${name} … ${seconds()} s`), PROGRESS_MS);
    try {
      // Under another name until it is whole: a build that is broken off must not be found by the next run.
      const partial = `${path}.partial`;
      await this.#go(["build", "-ldflags", this.#linkerFlags(), "-o", partial, this.#packages[name]]);
      renameSync(partial, path);
      progress(`built ${name} in ${seconds()} s`);
    } finally {
      clearInterval(ticking);
    }
  }

  async #go(args: readonly string[]): Promise<void> {
    const child = spawn("go", args, {
      cwd: this.#folder,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (chunk) => (words = (words + String(chunk)).slice(-WORDS_MAX)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`go ${args.slice(0, 1).join(" ")} ended with ${String(code)}:\n${words}`);
  }

  #read(name: string): string {
    return readFileSync(join(this.#folder, name), "utf8");
  }
}

/** The module whose version every program of Kubernetes' reports. */
export const KUBERNETES = "k8s.io/kubernetes";
/** The end of the compiler's output is what tells. */
const WORDS_MAX = 8_192;

export function goVersion(): string {
  const { status, stdout } = spawnSync("go", ["version"], { encoding: "utf8" });
  if (status === 0) return stdout.trim();
  throw new UsageError(
    "the e2e suites and the VPA oracle are built from source and need Go, which is not installed: install Go 1.26 or newer so that `go version` works",
  );
}

function cacheFolder(): string {
  const { BERTH_E2E_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return own ?? join(caches ?? join(homedir(), ".cache"), "berth", "e2e");
}
