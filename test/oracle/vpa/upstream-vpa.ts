// Upstream's packages as a process: commands in, answers out.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { once } from "node:events";
import { GoTools } from "#test/e2e/go-tools.ts";
import type { VpaAnswer, VpaCommand } from "./vpa-command.ts";

const UPSTREAM = "k8s.io/autoscaler/vertical-pod-autoscaler";

const tools = new GoTools<"vpa-oracle">({
  folder: fileURLToPath(new URL(".", import.meta.url)),
  packages: { "vpa-oracle": "berth.dev/vpa-oracle" },
  sources: ["main.go"],
});

/** The version of upstream's packages. */
export function upstreamVersion(): string {
  return tools.moduleVersion(UPSTREAM);
}

export class UpstreamVpa {
  readonly #process;
  readonly #answers: AsyncIterator<string>;

  /**
   * Builds the program if need be: about a minute on two cores.
   *
   * @throws UsageError if there is no Go.
   */
  static async start(progress: (line: string) => void): Promise<UpstreamVpa> {
    return new UpstreamVpa((await tools.paths(progress))["vpa-oracle"]);
  }

  private constructor(program: string) {
    this.#process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Sends one stream; its answers come once the next one begins, or at the end. */
  async send(commands: readonly VpaCommand[]): Promise<void> {
    const lines = commands.map((command) => `${JSON.stringify(command)}\n`).join("");
    if (!this.#process.stdin.write(lines)) await once(this.#process.stdin, "drain");
  }

  end(): void {
    this.#process.stdin.end();
  }

  /** @throws Error if the program ended before it had answered everything. */
  async answer(): Promise<VpaAnswer> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("the oracle ended before its last answer");
    return JSON.parse(value) as VpaAnswer;
  }
}
