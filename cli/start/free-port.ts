// A port that nobody listens on at the moment.

import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Above the ports that apps are given (scheduler-extender/policy/ports.ts), and below those that systems give to
 * connections, which would take a port between this look at it and its use.
 */
const RANGE = { first: 28_000, last: 32_767 };
/** Where so many are taken, any port has to do. */
const TRIES_MAX = 20;

/**
 * @throws Error if the address is not this machine's.
 */
export async function freePort(address: string): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(RANGE.first, RANGE.last + 1);
    if (await isFree(port, address)) return port;
  }
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
