// Fastify as Berth's servers use it: bounded, and patient with Go's HTTP client, which keeps idle connections for 90 s
// and does not retry a POST that was reset on one of them.

import type { RequestListener } from "node:http";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "./logger.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { UsageError } from "./usage-error.ts";

export interface HttpServerOptions {
  readonly bodyBytesMax: number;
  /** Told of every request that failed through no fault of its caller. */
  readonly logger: Logger;
  /** Without one the server speaks plain HTTP. */
  readonly certificate?: ServingCertificate | undefined;
}

/** Above the 90 s of Go's idle connections. */
const KEEP_ALIVE_MS = 120_000;
/** Callers wait 5 s for a verb and at most 30 s for a webhook; a request that takes longer to arrive is abandoned. */
const REQUEST_MS_MAX = 30_000;

export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const server = createFastify(options);
  server.addHook("onError", async ({ method, url }, _, error) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 500) options.logger.error({ err: error, method, url }, "request failed");
  });
  return server;
}

function createFastify({ bodyBytesMax, certificate }: HttpServerOptions): FastifyInstance {
  const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS_MAX };
  const limits = {
    ...timeouts,
    logger: false,
    bodyLimit: bodyBytesMax,
    forceCloseConnections: "idle",
  } as const;
  if (certificate === undefined) return Fastify(limits);
  const secure = {
    ...limits,
    // The address it says is https by this, though it makes no server itself, and leaves the timeouts to whoever does.
    https: {},
    serverFactory: (listener: RequestListener) => certificate.createServer(timeouts, listener),
  };
  return Fastify(secure) as unknown as FastifyInstance;
}

/**
 * Starts listening and returns the address in use.
 *
 * @throws UsageError if the port is taken or the address is not this machine's.
 */
export async function listen(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new UsageError(`port ${port} on ${host} is in use; choose another one`);
    if (code === "EADDRNOTAVAIL") throw new UsageError(`${host} is not an address of this machine`);
    if (code === "EACCES")
      throw new UsageError(`port ${port} on ${host} needs more rights; choose one above 1023`);
    throw error;
  }
}
