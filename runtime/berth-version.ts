// Which Berth this is: what package.json says, in a checkout as in an installed package.

import { readFileSync } from "node:fs";
import { z } from "zod";

export function berthVersion(): string {
  const path = new URL("../package.json", import.meta.url);
  return z.looseObject({ version: z.string() }).parse(JSON.parse(readFileSync(path, "utf8"))).version;
}
