// What node proxies count, read through the API server from the port where they answer other machines: of a limited number
// of proxies, since whoever asks is a person.

import type { KubeConnection } from "#kube/connection.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { Limiter } from "#runtime/limiter.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { PROXY_USAGE_PORT } from "./part-ports.ts";
import { Scrape } from "./start/scrape.ts";

export interface ProxyName {
  readonly namespace: string;
  readonly name: string;
}

export interface ProxyScrapes<T extends ProxyName> {
  readonly scrapes: ReadonlyMap<T, Scrape>;
  /** Why the first that did not answer did not; undefined if all did. */
  readonly refusal: string | undefined;
}

/** Each answer may be a megabyte, and goes through the API server. */
const PROXIES_ASKED_MAX = 32;
const ASKED_AT_ONCE_MAX = 8;

/** The metrics of the first of these proxies. */
export async function scrapeProxies<T extends ProxyName>(
  connection: Pick<KubeConnection, "getText">,
  proxies: readonly T[],
): Promise<ProxyScrapes<T>> {
  const limiter = new Limiter(ASKED_AT_ONCE_MAX);
  const scrapes = new Map<T, Scrape>();
  let refusal: string | undefined;
  const asked = proxies.slice(0, PROXIES_ASKED_MAX).map((proxy) =>
    limiter.run(async () => {
      const { namespace, name } = proxy;
      const place = { ...PODS, namespace, name: `${name}:${PROXY_USAGE_PORT}`, subresource: "proxy" };
      try {
        scrapes.set(proxy, new Scrape(await connection.getText(`${resourcePath(place)}/metrics`)));
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        refusal ??= error.message;
      }
    }),
  );
  await Promise.all(asked);
  return { scrapes, refusal };
}
