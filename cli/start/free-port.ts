// A port that nobody listens on at the moment.

import { createServer } from "node:net";

/**
 * @throws Error if the address is not this machine's.
 */
export async function freePort(address: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, address, resolve);
  });
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
