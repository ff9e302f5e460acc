// Requests of the app's pods to anywhere: the semantics of HTTP_PROXY. A Service of the mesh is reached by the nodes that
// host its app, everything else directly. Nothing is added that would tell the destination which pod asked; the
// destination's own proxy adds what it saw.

import { type AbsoluteTarget, parseAbsoluteTarget, parseTunnelTarget } from "../policy/request-target.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import type { RoutedExchange } from "./http1/routed-exchange.ts";
import type { UpstreamPools } from "./http1/upstream-pools.ts";
import type { NameResolver } from "./name-resolver.ts";
import { nodeTarget } from "./node-target.ts";
import type { ServiceRoute, ServiceRoutes } from "./service-routes.ts";

export interface OutboundRouteOptions {
  readonly pools: UpstreamPools;
  readonly guard: DestinationGuard;
  readonly names: NameResolver;
  readonly services: ServiceRoutes;
}

export function outboundRoute({
  pools,
  guard,
  names,
  services,
}: OutboundRouteOptions): (exchange: RoutedExchange) => void {
  const send = (exchange: RoutedExchange, target: AbsoluteTarget, route: ServiceRoute | undefined): void => {
    const { path, authority: host } = target;
    const passed = { path, host, clientAddress: undefined };
    const byNode =
      route === undefined ? undefined : nodeTarget({ route, pools, passed, head: exchange.head });
    const direct = () => pools.to({ host: target.host, port: target.port, lookup: names.lookup });
    exchange.forward(byNode ?? { ...passed, pool: direct() });
  };
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
    if (isTunnel) {
      const { path, authority: host } = target;
      const pool = pools.to({ host: target.host, port: target.port, lookup: names.lookup });
      exchange.openTunnel({ pool, path, host, clientAddress: undefined });
      return;
    }
    const route = services.routeTo(target.host, target.port);
    if (!(route instanceof Promise)) {
      send(exchange, target, route);
      return;
    }
    const { turn } = exchange;
    // The client may have left while the host was asked.
    void route.then((found) => exchange.isRouting(turn) && send(exchange, target, found));
  };
}
