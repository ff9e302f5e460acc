// Requests for the app, from anywhere: to one of its ready pods on this node.

import { endToEndHeaders, headerValue, withForwardedFor, withHost } from "../policy/forwarded-headers.ts";
import { isOriginTarget, parseAbsoluteTarget } from "../policy/request-target.ts";
import type { Exchange } from "./exchange.ts";
import { forward } from "./http1-forwarder.ts";
import type { PodPools } from "./pod-pools.ts";

export function inboundRoute(pools: PodPools, silenceMs: number): (exchange: Exchange) => void {
  return (exchange) => {
    const { request, response } = exchange;
    const target = request.url ?? "";
    const method = request.method ?? "";
    const absolute = isOriginTarget(target, method) ? undefined : parseAbsoluteTarget(target, method);
    if (absolute === undefined && !isOriginTarget(target, method)) {
      exchange.refuse("malformedRequest");
      return;
    }
    const pool = pools.acquire();
    if (pool === undefined) {
      exchange.refuse("noReadyPod", { "Retry-After": "1" });
      return;
    }
    response.once("close", () => pool.release());
    // RFC 9112 §3.2.2: where the target is absolute, its authority counts and Host does not.
    const host = absolute?.authority ?? headerValue(request.rawHeaders, "host") ?? "";
    const headers = withForwardedFor(
      endToEndHeaders(request.rawHeaders),
      request.socket.remoteAddress ?? "unknown",
    );
    forward(
      exchange,
      {
        host: pool.endpoint.address,
        port: pool.endpoint.port,
        path: absolute?.path ?? target,
        headers: withHost(headers, host),
        agent: pool.agent,
      },
      silenceMs,
    );
  };
}
