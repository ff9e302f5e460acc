// Loaded with `node --import`: changes one place in the source of one file before it runs, so that a test can show that
// what stands there is needed. BERTH_MUTANT holds the change as JSON; a text that is not found exactly once is an error.

import { registerHooks } from "node:module";

export interface Mutant {
  /** End of the file's address. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const given = process.env["BERTH_MUTANT"];
if (given !== undefined) mutate(JSON.parse(given) as Mutant);

function mutate({ file, from, to }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(file)) return loaded;
      const parts = String(loaded.source).split(from);
      if (parts.length !== 2) throw new Error(`${file} has the text to change ${parts.length - 1} times`);
      return { ...loaded, source: parts.join(to) };
    },
  });
}
