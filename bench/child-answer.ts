// A piece of work in a process of its own, which tells what it found and ends.

import { fork } from "node:child_process";
import { once } from "node:events";

/**
 * Sends the order to the module, started as a process, and resolves with its first message.
 *
 * @throws Error if it ends without one.
 */
export async function childAnswer<Answer>(module: URL, order: object): Promise<Answer> {
  const child = fork(module, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.send(order);
  const [answer] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${module.pathname} ended with ${String(code)}`);
    }),
  ])) as [Answer];
  return answer;
}
