// Helm, built from source: the judge of the chart.

import { fileURLToPath } from "node:url";
import { GoTools } from "../e2e/go-tools.ts";

const tools = new GoTools<"helm">({
  folder: fileURLToPath(new URL(".", import.meta.url)),
  packages: { helm: "helm.sh/helm/v4/cmd/helm" },
});

/**
 * Path of the program, which is built if it is missing: some minutes on two cores.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if the build fails.
 */
export async function helmBinary(progress: (line: string) => void): Promise<string> {
  return (await tools.paths(progress)).helm;
}
