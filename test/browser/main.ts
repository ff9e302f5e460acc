// `npm run test:browser`: every screen of the web UI in a real Chromium, on a real `npm start` and on servers whose parts
// are away, and the reports that commands write. With --screenshots FOLDER it writes what it saw; --nodes N looks at a
// larger fleet.

import { registerCases } from "./cases.ts";
import { chromiumPath } from "./chromium-path.ts";

interface SuiteOptions {
  readonly screenshots: string | undefined;
  readonly nodes: number;
}

const USAGE = "usage: npm run test:browser -- [--screenshots FOLDER] [--nodes N]";
/** Enough for three zones and pods on several nodes, and quick. */
const NODES = 12;

const path = chromiumPath();
if (path === undefined) {
  const words = "chromium is not installed (on Debian: apt-get install chromium)";
  if (process.env["CI"] === "true") {
    process.stderr.write(`CI needs the browser suite: ${words}\n`);
    process.exit(1);
  }
  process.stdout.write(`skipped: ${words}\n`);
} else {
  registerCases(path, optionsOf(process.argv.slice(2)));
}

function optionsOf(argv: readonly string[]): SuiteOptions {
  let screenshots: string | undefined;
  let nodes = NODES;
  for (let index = 0; index < argv.length; index += 2) {
    const [flag, value = ""] = argv.slice(index);
    if (flag === "--screenshots" && value !== "") screenshots = value;
    else if (flag === "--nodes" && /^\d{1,4}$/.test(value)) nodes = Number(value);
    else {
      process.stderr.write(`${USAGE}\n`);
      process.exit(2);
    }
  }
  return { screenshots, nodes };
}
