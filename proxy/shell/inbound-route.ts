// Requests for the app, from anywhere: to one of its ready pods on this node.

import type { AnswerableReason } from "../policy/reasons.ts";
import { parseAbsoluteTarget } from "../policy/request-target.ts";
import type { RoutedExchange } from "./http1/routed-exchange.ts";
import type { Http2Target } from "./http2/http2-exchange.ts";
import type { PodPools } from "./pod-pools.ts";

export function inboundRoute(pools: PodPools): (exchange: RoutedExchange) => void {
  return (exchange) => {
    const { head, clientAddress } = exchange;
    const { target, method } = head;
    if (method === "CONNECT") {
      exchange.refuse("connectUnsupported");
      return;
    }
    const isOrigin = target.startsWith("/") || target === "*";
    const absolute = isOrigin ? undefined : parseAbsoluteTarget(target, method);
    if (!isOrigin && absolute === undefined) {
      exchange.refuse("malformedRequest");
      return;
    }
    const pod = pools.acquire();
    if (pod === undefined) {
      exchange.refuse("noReadyPod", { "Retry-After": "1" });
      return;
    }
    exchange.forward({
      pool: pod.upstreams,
      path: absolute?.path ?? target,
      // RFC 9112 §3.2.2: where the target is absolute, its authority counts and Host does not.
      host: absolute?.authority ?? head.host ?? "",
      clientAddress,
      lease: pod,
    });
  };
}

/** The same for requests over HTTP/2, which go to the pod over HTTP/2. */
export function inboundHttp2Route(pools: PodPools): () => Http2Target | AnswerableReason {
  return () => {
    const pod = pools.acquire();
    return pod === undefined ? "noReadyPod" : { session: pod.http2.session(), lease: pod };
  };
}
