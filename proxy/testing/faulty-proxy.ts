// A whole proxy whose instances go wrong on demand, for benches and tests: orders come as lines of JSON to the socket that
// the environment names.

import { main } from "../main.ts";

await main(process.argv.slice(2), new URL("./faulty-host.ts", import.meta.url));
