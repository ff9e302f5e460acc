// Requests of the app's pods to anywhere: the semantics of HTTP_PROXY. A Service of the mesh is reached by the nodes that
// host its app, everything else directly. A tunnel to a Service of the mesh ends here, and what is in it goes by the nodes
// as well, unless it is encrypted. Nothing is added that would tell the destination which pod asked; the destination's own
// proxy adds what it saw.

import { type AbsoluteTarget, parseAbsoluteTarget, parseTunnelTarget } from "../policy/request-target.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import type { EnteredTunnel } from "./http1/entered-tunnel.ts";
import type { ForwardTarget } from "./http1/forward-target.ts";
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

type Passed = Omit<ForwardTarget, "pool">;

/** What a request is about. */
interface Wanted {
  /** `tunnel`: to be opened. `http2` and `bytes`: in a tunnel that was opened. */
  readonly kind: "request" | "tunnel" | "http2" | "bytes";
  readonly destination: Pick<AbsoluteTarget, "host" | "port">;
  readonly passed: Passed;
}

export function outboundRoute(options: OutboundRouteOptions): (exchange: RoutedExchange) => void {
  const { guard, services } = options;
  const router = new OutboundRouter(options);
  return (exchange) => {
    const wanted = wantedOf(exchange);
    if (wanted === undefined) {
      exchange.refuse(exchange.client.entered === undefined ? "notAProxyRequest" : "malformedRequest");
      return;
    }
    const { host, port } = wanted.destination;
    // node:net asks the resolver for names only, so addresses are looked at here.
    if (guard.isForbidden(host)) {
      exchange.refuse("destinationForbidden");
      return;
    }
    const route = services.routeTo(host, port);
    if (!(route instanceof Promise)) {
      router.send(exchange, wanted, route);
      return;
    }
    const { turn } = exchange;
    // The client may have left while the host was asked.
    void route.then((found) => exchange.isRouting(turn) && router.send(exchange, wanted, found));
  };
}

/** @returns undefined for what is no request to a proxy. */
function wantedOf({ head, client: { entered } }: RoutedExchange): Wanted | undefined {
  const { target: text, method } = head;
  if (entered?.spoken === "requests") return wantedWithin(entered, head);
  const isTunnel = method === "CONNECT";
  const target = isTunnel ? parseTunnelTarget(text) : parseAbsoluteTarget(text, method);
  if (target === undefined) return undefined;
  const { path, authority: host } = target;
  const spoken = entered === undefined || entered.spoken === "unheard" ? "tunnel" : entered.spoken;
  return {
    kind: isTunnel ? spoken : "request",
    destination: target,
    passed: { path, host, clientAddress: undefined },
  };
}

function wantedWithin(tunnel: EnteredTunnel, head: RoutedExchange["head"]): Wanted | undefined {
  const { target: path, method } = head;
  const destination = parseTunnelTarget(tunnel.target);
  const isServers = path.startsWith("/") || path === "*";
  if (destination === undefined || method === "CONNECT" || !isServers) return undefined;
  const passed = { path, host: head.host ?? destination.authority, clientAddress: undefined };
  return { kind: "request", destination, passed };
}

class OutboundRouter {
  readonly #options: OutboundRouteOptions;

  constructor(options: OutboundRouteOptions) {
    this.#options = options;
  }

  /** @param route undefined for what is reached directly. */
  send(exchange: RoutedExchange, wanted: Wanted, route: ServiceRoute | undefined): void {
    const { kind } = wanted;
    if (kind === "bytes" || (kind !== "request" && route === undefined)) {
      exchange.openTunnel(this.#direct(wanted));
      return;
    }
    if (kind === "tunnel") {
      exchange.enterTunnel();
      return;
    }
    const { identity } = this.#options;
    if (route === undefined || !identity.isUsed) {
      this.#sendSecured(exchange, wanted, { route, secure: undefined });
      return;
    }
    const secure = identity.towards(route.app, kind === "http2" ? "h2" : "http/1.1");
    if (secure instanceof Promise) void this.#sendLater(exchange, wanted, { route, secure });
    else this.#sendSecured(exchange, wanted, { route, secure });
  }

  async #sendLater(
    exchange: RoutedExchange,
    wanted: Wanted,
    { route, secure }: { readonly route: ServiceRoute; readonly secure: Promise<PeerSecurity | undefined> },
  ): Promise<void> {
    const { turn } = exchange;
    const found = await secure;
    if (!exchange.isRouting(turn)) return;
    if (found === undefined) exchange.refuse("identityAbsent", { "Retry-After": "1" });
    else this.#sendSecured(exchange, wanted, { route, secure: found });
  }

  #sendSecured(
    exchange: RoutedExchange,
    wanted: Wanted,
    {
      route,
      secure,
    }: { readonly route: ServiceRoute | undefined; readonly secure: PeerSecurity | undefined },
  ): void {
    const { pools } = this.#options;
    const { passed } = wanted;
    const byNode = route && nodeTarget({ route, pools, secure, passed, head: exchange.head });
    const target = byNode ?? this.#direct(wanted);
    if (wanted.kind === "request") exchange.forward(target);
    else exchange.openTunnel(target);
  }

  #direct({ destination: { host, port }, passed }: Wanted): ForwardTarget {
    const { pools, names } = this.#options;
    return { ...passed, pool: pools.to({ host, port, lookup: names.lookup }) };
  }
}
