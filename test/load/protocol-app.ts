// The app of this folder as a process beside the one that loads it.

import { fork } from "node:child_process";
import { once } from "node:events";

const PROGRAM = new URL("./protocol-program.ts", import.meta.url);

export interface ProtocolApp {
  readonly port: number;
  stop(): void;
}

export async function startProtocolApp(name: string): Promise<ProtocolApp> {
  const env = { ...process.env, EXAMPLE_PORT: "0", POD_NAME: name };
  const child = fork(PROGRAM, [], { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  return { port, stop: () => void child.kill("SIGKILL") };
}
