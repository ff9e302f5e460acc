// Requests for the app, from anywhere: to one of its ready pods on this node.

import { parseAbsoluteTarget } from "../policy/request-target.ts";
import type { RoutedExchange } from "./http1/routed-exchange.ts";
import type { IdentityGate } from "./identity/identity-gate.ts";
import type { PodPools } from "./pod-pools.ts";

export function inboundRoute(
  pools: PodPools,
  identity: Pick<IdentityGate, "refusalOf">,
): (exchange: RoutedExchange) => void {
  return (exchange) => {
    const { head, client } = exchange;
    const { address: clientAddress, caller } = client;
    const refusal = identity.refusalOf(caller, clientAddress);
    if (refusal !== undefined) {
      exchange.refuse(refusal);
      return;
    }
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
