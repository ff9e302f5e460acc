// The published package where a user has it: below node_modules of a folder of its own, run by a plain Node.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A run of a few seconds takes this long on a machine that is busy with other things. */
const RUN_MS_MAX = 180_000;

export interface CheckedRun {
  readonly command: string;
  readonly seconds: number;
}

export class InstalledPackage {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Installs the archive and, with `nodeMajor`, the newest Node of that number beside it, from npm. */
  static install(folder: string, packageFile: string, nodeMajor?: number): InstalledPackage {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"private":true}\n');
    const node = nodeMajor === undefined ? [] : [`${NODE_PACKAGE}@${nodeMajor}`];
    const args = [
      "install",
      "--ignore-scripts",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      packageFile,
      ...node,
    ];
    execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    return new InstalledPackage(folder);
  }

  /** The Node that was installed beside the package. */
  get node(): string {
    return join(this.#folder, "node_modules", NODE_PACKAGE, "bin/node");
  }

  /**
   * Runs one of the package's commands, the first word, with that Node and nothing else on its path, and has what it prints looked at.
   *
   * @throws Error with what the command printed if it fails, or if `isRight` says no.
   */
  run(node: string, words: readonly string[], isRight: (output: string) => boolean): CheckedRun {
    const [name = "", ...args] = words;
    const command = words.join(" ");
    const startedMs = performance.now();
    const { status, stdout, stderr } = spawnSync(
      node,
      [join(this.#folder, "node_modules/.bin", name), ...args],
      {
        cwd: this.#folder,
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin", HOME: this.#folder },
        timeout: RUN_MS_MAX,
      },
    );
    if (status !== 0 || !isRight(stdout))
      throw new Error(`${command} (exit ${status})\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
    return { command, seconds: (performance.now() - startedMs) / 1000 };
  }
}

/** npm has Node's own builds as packages, one for each platform. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
