// Requests of the app's pods to anywhere: the semantics of HTTP_PROXY. Nothing is added that would tell the destination
// which pod asked; the destination's own proxy adds what it saw.

import { endToEndHeaders, withHost } from "../policy/forwarded-headers.ts";
import { parseAbsoluteTarget } from "../policy/request-target.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import type { Exchange } from "./exchange.ts";
import { forward } from "./http1-forwarder.ts";
import type { KeepAliveAgent } from "./keep-alive-agent.ts";
import type { NameResolver } from "./name-resolver.ts";

export interface OutboundRouteOptions {
  readonly agent: KeepAliveAgent;
  readonly guard: DestinationGuard;
  readonly names: NameResolver;
  readonly silenceMs: number;
}

export function outboundRoute(options: OutboundRouteOptions): (exchange: Exchange) => void {
  return (exchange) => {
    const { request } = exchange;
    const target = parseAbsoluteTarget(request.url ?? "", request.method);
    if (target === undefined) {
      exchange.refuse("notAProxyRequest");
      return;
    }
    // node:net asks the resolver for names only, so addresses are looked at here.
    if (options.guard.isForbidden(target.host)) {
      exchange.refuse("destinationForbidden");
      return;
    }
    forward(
      exchange,
      {
        host: target.host,
        port: target.port,
        path: target.path,
        headers: withHost(endToEndHeaders(request.rawHeaders), target.authority),
        agent: options.agent,
        lookup: options.names.lookup,
      },
      options.silenceMs,
    );
  };
}
