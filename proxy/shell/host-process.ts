// Entry point of the process that hosts the instances.

import { runHost } from "./run-host.ts";

runHost();
