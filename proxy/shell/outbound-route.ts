// Requests of the app's pods to anywhere: the semantics of HTTP_PROXY. Nothing is added that would tell the destination
// which pod asked; the destination's own proxy adds what it saw.

import { parseAbsoluteTarget, parseTunnelTarget } from "../policy/request-target.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import type { RoutedExchange } from "./http1/routed-exchange.ts";
import type { UpstreamPools } from "./http1/upstream-pools.ts";
import type { NameResolver } from "./name-resolver.ts";

export interface OutboundRouteOptions {
  readonly pools: UpstreamPools;
  readonly guard: DestinationGuard;
  readonly names: NameResolver;
}

export function outboundRoute({
  pools,
  guard,
  names,
}: OutboundRouteOptions): (exchange: RoutedExchange) => void {
  return (exchange) => {
    const { target: text, method } = exchange.head;
    const isTunnel = method === "CONNECT";
    const target = isTunnel ? parseTunnelTarget(text) : parseAbsoluteTarget(text, method);
    if (target === undefined) {
      exchange.refuse("notAProxyRequest");
      return;
    }
    // node:net asks the resolver for names only, so addresses are looked at here.
    if (guard.isForbidden(target.host)) {
      exchange.refuse("destinationForbidden");
      return;
    }
    const pool = pools.to({ host: target.host, port: target.port, lookup: names.lookup });
    const { path, authority: host } = target;
    const passed = { pool, path, host, clientAddress: undefined };
    if (isTunnel) exchange.openTunnel(passed);
    else exchange.forward(passed);
  };
}
