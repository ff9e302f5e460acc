// The node proxies' own pods, followed apart from all other pods: only these carry what resizing needs.

import { PROXY_LABEL } from "#model/app.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { Reflector } from "#kube/reflector.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { decodeProxyPod, type ProxyPod } from "./proxy-pod.ts";
import type { SizingLoop } from "./sizing-loop.ts";

export interface ProxyWatchOptions {
  readonly connection: KubeConnection;
  readonly sizing: SizingLoop;
  readonly logger: Logger;
}

/** Keeps the sizing loop told of every proxy; start it when the loop is ready to hear. */
export function watchProxies({ connection, sizing, logger }: ProxyWatchOptions): Reflector<ProxyPod> {
  return new Reflector({
    connection,
    path: resourcePath(PODS),
    query: { labelSelector: PROXY_LABEL },
    decode: decodeProxyPod,
    handlers: {
      upserted: (proxy) => sizing.proxySeen(proxy),
      deleted: (proxy) => sizing.proxyGone(proxy),
    },
    clock: systemClock(),
    random: Math.random,
    logger,
    name: "proxy pods",
  });
}
