// Requests of the app's pods to anywhere: the semantics of HTTP_PROXY. A Service of the mesh is reached by the nodes that
// host its app, everything else directly. Nothing is added that would tell the destination which pod asked; the
// destination's own proxy adds what it saw.

import { type AbsoluteTarget, parseAbsoluteTarget, parseTunnelTarget } from "../policy/request-target.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import type { RoutedExchange } from "./http1/routed-exchange.ts";
import type { UpstreamPools } from "./http1/upstream-pools.ts";
import type { IdentityGate } from "./identity/identity-gate.ts";
import type { PeerSecurity } from "./identity/peer-security.ts";
import type { NameResolver } from "./name-resolver.ts";
import { nodeTarget } from "./node-target.ts";
import type { ServiceRoute, ServiceRoutes } from "./service-routes.ts";

export interface OutboundRouteOptions {
  readonly pools: UpstreamPools;
  readonly guard: DestinationGuard;
  readonly names: NameResolver;
  readonly services: ServiceRoutes;
  readonly identity: Pick<IdentityGate, "isUsed" | "towards">;
}

interface Routed {
  readonly target: AbsoluteTarget;
  readonly route: ServiceRoute | undefined;
}

export function outboundRoute({
  pools,
  guard,
  names,
  services,
  identity,
}: OutboundRouteOptions): (exchange: RoutedExchange) => void {
  const sendSecured = (exchange: RoutedExchange, parts: Routed, secure: PeerSecurity | undefined): void => {
    const { target, route } = parts;
    const { path, authority: host } = target;
    const passed = { path, host, clientAddress: undefined };
    const byNode =
      route === undefined ? undefined : nodeTarget({ route, pools, secure, passed, head: exchange.head });
    const direct = () => pools.to({ host: target.host, port: target.port, lookup: names.lookup });
    exchange.forward(byNode ?? { ...passed, pool: direct() });
  };
  const send = (exchange: RoutedExchange, target: AbsoluteTarget, route: ServiceRoute | undefined): void => {
    if (route === undefined || !identity.isUsed) {
      sendSecured(exchange, { target, route }, undefined);
      return;
    }
    const secure = identity.towards(route.app);
    if (!(secure instanceof Promise)) {
      sendSecured(exchange, { target, route }, secure);
      return;
    }
    void sendLater(exchange, { target, route }, secure);
  };
  const sendLater = async (
    exchange: RoutedExchange,
    parts: Routed,
    secure: Promise<PeerSecurity | undefined>,
  ): Promise<void> => {
    const { turn } = exchange;
    const found = await secure;
    if (!exchange.isRouting(turn)) return;
    if (found === undefined) exchange.refuse("identityAbsent", { "Retry-After": "1" });
    else sendSecured(exchange, parts, found);
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
