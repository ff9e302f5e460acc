// HTTP/2 on an app's inbound port, to pods over HTTP/2. Loaded with the first connection that speaks it: most instances
// never see one, and the code takes up memory in each.

import type { AnswerableReason } from "../../policy/reasons.ts";
import type { PodPools } from "../pod-pools.ts";
import type { ReadThrottle } from "../read-throttle.ts";
import type { Http2Target } from "./http2-exchange.ts";
import { Http2Port } from "./http2-port.ts";
import type { Http2PortOptions } from "./http2-port.ts";
import { Http2Upstream } from "./http2-upstream.ts";

export interface InboundHttp2Options extends Omit<Http2PortOptions, "route"> {
  readonly pools: PodPools;
  readonly throttle: ReadThrottle;
}

export function inboundHttp2({ pools, throttle, ...options }: InboundHttp2Options): Http2Port {
  const route = (): Http2Target | AnswerableReason => {
    const pod = pools.acquire();
    if (pod === undefined) return "noReadyPod";
    const { address: host, port } = pod.endpoint;
    pod.http2 ??= new Http2Upstream({ host, port }, throttle);
    return { session: pod.http2.session(), lease: pod, name: pod.upstreams.destination };
  };
  return new Http2Port({ ...options, route });
}
