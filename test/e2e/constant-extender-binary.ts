// A scheduler extender in Go that always says yes, for measurements of what an extender costs at least. Apart from the
// other programs: the key of their cache would change with its source.

import { fileURLToPath } from "node:url";
import { GoTools } from "./go-tools.ts";

const tools = new GoTools<"constant-extender">({
  folder: fileURLToPath(new URL(".", import.meta.url)),
  packages: { "constant-extender": "./constant-extender" },
  sources: ["constant-extender/main.go"],
});

/**
 * Path of the program, which is built if it is missing.
 *
 * @throws UsageError if there is no Go.
 */
export async function constantExtenderBinary(progress: (line: string) => void): Promise<string> {
  return (await tools.paths(progress))["constant-extender"];
}
