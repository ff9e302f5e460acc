// Whether an address belongs to this machine, so that a wrong flag is told at the start and not by every instance.

import { createServer } from "node:net";

import { UsageError } from "#runtime/usage-error.ts";

/** @throws UsageError if nothing can listen on the address. */
export async function probeAddress(flag: string, address: string): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error: NodeJS.ErrnoException) =>
    reject(new UsageError(`${flag}: nothing can listen on ${address} (${error.code})`, { cause: error })),
  );
  server.listen({ host: address, port: 0 }, () => server.close(() => resolve()));
  await promise;
}
