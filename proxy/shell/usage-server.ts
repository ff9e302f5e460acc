// The part of the control server that other machines may read: usage, releases and metrics, on the node's address. Nothing here
// changes anything, and nothing of it is needed to serve the apps: a port that is taken is said once and left.

import { createServer } from "node:http";
import type { Server } from "node:http";

import type { Logger } from "#runtime/logger.ts";

import { EXPOSITION_CONTENT_TYPE } from "./exposition.ts";
import type { ProxyHost } from "./host.ts";
import { type BypassSource, ProxyMetrics } from "./metrics.ts";
import { releaseReport } from "./release-report.ts";
import { isReusePortSupported } from "./reuse-port.ts";
import type { Siblings } from "./siblings.ts";
import { usageReport } from "./usage-report.ts";

export interface UsageServerOptions {
  readonly host: ProxyHost;
  readonly siblings?: Siblings | undefined;
  readonly bypass?: BypassSource | undefined;
  readonly logger: Logger;
}

/** The recommender and a few scrapers. */
const CONNECTIONS_MAX = 32;
const REQUEST_MS_MAX = 10_000;

export class UsageServer {
  readonly #server: Server;
  readonly #logger: Logger;

  constructor({ host, siblings, bypass, logger }: UsageServerOptions) {
    this.#logger = logger;
    const metrics = new ProxyMetrics(host, siblings, bypass);
    const limits = { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX };
    this.#server = createServer(limits, (request, response) => {
      const [path] = (request.url ?? "/").split("?");
      const isRead = request.method === "GET";
      if (isRead && path === "/v1/usage")
        response
          .writeHead(200, { "Content-Type": "application/json" })
          .end(`${JSON.stringify(usageReport(host))}\n`);
      else if (isRead && path === "/v1/releases")
        response
          .writeHead(200, { "Content-Type": "application/json" })
          .end(`${JSON.stringify(releaseReport(host))}\n`);
      else if (isRead && path === "/metrics")
        response.writeHead(200, { "Content-Type": EXPOSITION_CONTENT_TYPE }).end(metrics.render());
      else response.writeHead(404).end();
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** @returns the port, or undefined if it cannot be had. */
  async listen(host: string, port: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#server.once("error", (error) => {
      this.#logger.warn({ host, port, error: error.message }, "usage is not served");
      resolve(undefined);
    });
    this.#server.listen({ host, port, reusePort: isReusePortSupported }, () => {
      const address = this.#server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
    return promise;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
