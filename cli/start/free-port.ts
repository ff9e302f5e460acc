// A port that nobody listens on at the moment.

import { createServer } from "node:net";

/**
 * @throws Error if the address is not this machine's.
 */
export async function freePort(address: string): Promise<number> {
  return listenOnce(0, address);
}

/** Whether nobody listens on that port of ours at the moment. */
export async function isFree(port: number, address: string): Promise<boolean> {
  try {
    await listenOnce(port, address);
    return true;
  } catch {
    // Taken, or not ours to take: another one has to do.
    return false;
  }
}

async function listenOnce(wanted: number, address: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(wanted, address, resolve);
  });
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
