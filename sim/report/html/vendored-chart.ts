// uPlot as it is published, to be written into a report: a report opens where there is no network.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface VendoredChart {
  readonly script: string;
  readonly style: string;
}

/** 51 kB of script under the MIT licence, whose notice stands at its beginning, and 2 kB of style. */
export function vendoredChart(): VendoredChart {
  const folder = dirname(fileURLToPath(import.meta.resolve("uplot")));
  return {
    script: readFileSync(join(folder, "uPlot.iife.min.js"), "utf8"),
    style: readFileSync(join(folder, "uPlot.min.css"), "utf8"),
  };
}
