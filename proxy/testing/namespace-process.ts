// A process in a network namespace that does what it is told (namespace-node.ts).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import type { NodeCommand } from "./namespace-node.ts";

const NODE_MAIN = [
  "--disable-warning=ExperimentalWarning",
  new URL("./namespace-node.ts", import.meta.url).pathname,
];

export class NamespaceProcess {
  readonly #process;
  readonly #lines;

  constructor(context: Pick<TestContext, "after">, namespace: string) {
    this.#process = spawn("ip", ["netns", "exec", namespace, process.execPath, ...NODE_MAIN], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    const exit = once(this.#process, "exit");
    context.after(async () => {
      this.#process.stdin.end();
      await exit;
    });
  }

  /** @throws Error if the process has ended. */
  async does(command: NodeCommand): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the process ended at ${command.kind}`);
    return JSON.parse(value) as unknown;
  }
}
