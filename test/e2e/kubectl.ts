// kubectl, as an operator types it.

import { spawn } from "node:child_process";

const OUTPUT_CHARS_MAX = 10_000_000;

/**
 * Its standard output.
 *
 * @throws Error with its words if it fails.
 */
export async function kubectl(path: string, kubeconfig: string, args: readonly string[]): Promise<string> {
  const child = spawn(path, [`--kubeconfig=${kubeconfig}`, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let words = "";
  child.stdout.on("data", (chunk) => (output = (output + String(chunk)).slice(-OUTPUT_CHARS_MAX)));
  child.stderr.on("data", (chunk) => (words = (words + String(chunk)).slice(-OUTPUT_CHARS_MAX)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${String(code)}:\n${words}`);
  return output;
}
