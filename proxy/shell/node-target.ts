// A request to a Service by way of the nodes that host its app: to the node that the balancer chooses, and, if that one
// cannot be reached, to another, as long as sending it again can do no harm and the budget allows.

import { isRepeatable } from "../policy/http1/repeatable.ts";
import type { RequestHead } from "../policy/http1/request-head.ts";
import type { BalancedNode, NodeOutcome } from "../policy/node-balancer.ts";
import type { ReasonName } from "../policy/reasons.ts";
import type { Lease } from "./http1/exchange-account.ts";
import type { ForwardTarget } from "./http1/forward-target.ts";
import type { PeerSecurity } from "./identity/peer-security.ts";
import type { UpstreamPools } from "./http1/upstream-pools.ts";
import type { ServiceRoute } from "./service-routes.ts";

export interface NodeTargetOptions {
  readonly route: ServiceRoute;
  readonly pools: UpstreamPools;
  /** Undefined where connections to other nodes are plain. */
  readonly secure: PeerSecurity | undefined;
  readonly passed: Omit<ForwardTarget, "pool">;
  readonly head: Pick<RequestHead, "method" | "framing">;
}

/** A node whose proxy restarts, another that has just left, and one that is there. */
const ATTEMPTS_MAX = 3;

/** @returns undefined if there is no node to send it to. */
export function nodeTarget(options: NodeTargetOptions): ForwardTarget | undefined {
  options.route.budget.requested();
  return nextTarget(options, new Set());
}

function nextTarget(options: NodeTargetOptions, tried: Set<string>): ForwardTarget | undefined {
  const { route, pools, secure, passed, head } = options;
  const balanced = route.choose(tried);
  if (balanced === undefined) return undefined;
  const { address } = balanced.node;
  tried.add(address);
  const lease = new NodeLease(route, balanced);
  return {
    ...passed,
    pool: pools.to({ host: address, port: route.inboundPort, secure }),
    lease,
    instead(reason) {
      if (tried.size >= ATTEMPTS_MAX || !mayRepeat(head, reason)) return undefined;
      lease.failed(reason);
      // Before the next choice, which is to know.
      lease.release();
      return route.budget.take() ? nextTarget(options, tried) : undefined;
    },
  };
}

function mayRepeat(head: NodeTargetOptions["head"], reason: ReasonName): boolean {
  // Nothing was sent, unless a body has been read from already.
  if (reason === "connectFailed" || reason === "peerUnproven") return head.framing === "none";
  return reason === "upstreamClosed" && isRepeatable(head);
}

/** By the peer's proxy above all: it has no ready pod, or reaches none. */
const GATEWAY_ERRORS: ReadonlySet<number> = new Set([502, 503, 504]);
const NODE_FAILURES: ReadonlySet<ReasonName> = new Set([
  "connectFailed",
  "peerUnproven",
  "upstreamClosed",
  "upstreamInvalid",
  "upstreamBroken",
  "upstreamDeadline",
  "requestDeadline",
]);

/** The request as the balancer counts it. */
class NodeLease implements Lease {
  readonly #route: ServiceRoute;
  readonly #balanced: BalancedNode;
  readonly #startedMs = performance.now();
  #latencyMs = 0;
  /** Until an answer or a failure says something of the node. */
  #outcome: NodeOutcome = "abandoned";
  #isReleased = false;

  constructor(route: ServiceRoute, balanced: BalancedNode) {
    this.#route = route;
    this.#balanced = balanced;
  }

  answerBegun(statusCode: number): void {
    this.#outcome = GATEWAY_ERRORS.has(statusCode) ? "failed" : "answered";
    this.#latencyMs = performance.now() - this.#startedMs;
  }

  failed(reason: ReasonName): void {
    if (NODE_FAILURES.has(reason)) this.#outcome = "failed";
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#route.ended(this.#balanced, this.#outcome, this.#latencyMs);
  }
}
