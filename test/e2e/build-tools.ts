// `npm run e2e:build`: builds the control plane's programs and says where they are.

import { reportAndExit } from "#runtime/component.ts";
import { toolBinaries } from "./tool-binaries.ts";

try {
  const paths = await toolBinaries((line) => void process.stdout.write(`${line}\n`));
  for (const path of Object.values(paths)) process.stdout.write(`${path}\n`);
} catch (error) {
  reportAndExit(error);
}
