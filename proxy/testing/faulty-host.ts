// The host process of a proxy whose instances go wrong on demand.

import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

import { runHost } from "../shell/run-host.ts";
import type { FaultOrder } from "./fault-preload.ts";
import { FAULT_SOCKET_VARIABLE } from "./fault-socket.ts";
import { orderFault } from "./order-fault.ts";

const path = process.env[FAULT_SOCKET_VARIABLE];
if (path !== undefined) {
  // The host before this one may have died without removing it.
  rmSync(path, { force: true });
  createServer((socket) => {
    createInterface({ input: socket }).on("line", (line) => orderFault(JSON.parse(line) as FaultOrder));
  }).listen(path);
}
runHost({ workerPreload: new URL("./fault-preload.ts", import.meta.url).href });
