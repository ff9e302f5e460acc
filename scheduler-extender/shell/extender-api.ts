// The verbs over HTTP. A pod that is a proxy itself passes unseen: an extender that held up what it depends on would
// lock itself out (kubernetes#91489).

import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { ClusterLedger } from "#model/ledger.ts";
import { LogGate } from "#kube/log-gate.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { preempt, preemptForProxy } from "../policy/preemption.ts";
import type { DecisionWitness } from "../policy/decision-witness.ts";
import { type DecisionContext, filterNodes, prioritizeNodes, scoresOf } from "../policy/verbs.ts";
import type { PromiseLimits } from "../policy/promise.ts";
import { decodeExtenderArgs, encodeFilterReply, type HostPriority, parseBody } from "./extender-wire.ts";
import type { Explanations } from "./explanations.ts";
import type { HeadroomKeeper } from "./headroom-keeper.ts";
import type { ExtenderMetrics } from "./extender-metrics.ts";
import { NodeNameTable } from "./node-name-table.ts";
import {
  decodePreemptionArgs,
  encodePreemptionReply,
  type ExtenderPreemptionReply,
} from "./preemption-wire.ts";

export interface ExtenderApiOptions {
  readonly ledger: ClusterLedger;
  readonly clock: Clock;
  readonly limits: PromiseLimits;
  /** Of the nodes that fit a mesh pod filter answers only the winner. */
  readonly candidates?: 1 | undefined;
  readonly metrics: ExtenderMetrics;
  readonly unreadyReasons: () => readonly string[];
  /** Absent where nobody asks why. */
  readonly explanations?: Explanations;
  /** Why a caller is not answered; absent where everyone is. */
  readonly refusalOf?: ((socket: Socket) => string | undefined) | undefined;
  /** Told of requests that were refused for what is in them. */
  readonly logger?: Logger;
  /** Absent where no headroom pods are made. */
  readonly headroom?: Pick<HeadroomKeeper, "filtered"> | undefined;
}

/**
 * kube-scheduler asks one question after the other; several of them, and slow bodies, still have room. Each may take as
 * much memory as its body's limit.
 */
const UNDERWAY_MAX = 16;
/** Whoever sends nonsense may do so a thousand times a second. */
const REFUSED_LOG_MS = 1_000;
/** What is wrong is said first; the rest may be the body itself. */
const REFUSED_TEXT_MAX = 500;

export async function extenderApi(server: FastifyInstance, options: ExtenderApiOptions): Promise<void> {
  const { ledger, clock, limits, candidates, metrics, unreadyReasons, explanations, headroom } = options;
  const context = (witness: DecisionWitness | undefined): DecisionContext => ({
    nowMs: clock.nowMs(),
    limits,
    candidates,
    ...(witness === undefined ? {} : { witness }),
  });

  const refusedGate = new LogGate(systemClock(), REFUSED_LOG_MS);
  const refused = (url: string, status: number, error: string): void => {
    metrics.refused(status);
    refusedGate.pass((suppressed) =>
      options.logger?.warn(
        { url, status, error: error.slice(0, REFUSED_TEXT_MAX), suppressed },
        "request refused",
      ),
    );
  };

  // The names in a body are read without parsing the whole.
  server.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_: unknown, body: Buffer) => body,
  );
  const table = new NodeNameTable();

  // Before the body is read: that of a stranger is not worth its room.
  server.addHook("onRequest", async (request, reply) => {
    const refusal = options.refusalOf?.(request.raw.socket);
    if (refusal === undefined) return;
    refused(request.url, 401, refusal);
    return reply.code(401).send({ Error: refusal });
  });

  let underway = 0;
  server.addHook("onRequest", async (request, reply) => {
    if (underway >= UNDERWAY_MAX) {
      refused(request.url, 503, "busy");
      return reply.code(503).send({ Error: `busy: ${UNDERWAY_MAX} requests are underway` });
    }
    underway++;
    reply.raw.once("close", () => underway--);
  });

  // An answer from half a ledger would overcommit nodes: kube-scheduler retries an error.
  server.addHook("preHandler", async (_, reply) => {
    const reasons = unreadyReasons();
    if (reasons.length > 0) return reply.code(503).send({ Error: `not ready: ${reasons.join("; ")}` });
  });

  server.setErrorHandler(async (error, request, reply) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    const isCallers = statusCode >= 400 && statusCode < 500;
    if (isCallers) refused(request.url, statusCode, message);
    return reply.code(statusCode).send({ Error: message });
  });

  server.post("/filter", async (request, reply): Promise<Buffer> => {
    const stop = metrics.verbStarted("filter");
    const args = decodeExtenderArgs(request.body as Buffer, table);
    reply.type("application/json");
    if (args.pod.proxy !== undefined) {
      return encodeFilterReply(args, { passed: args.nodes, rejected: new Map() }, table);
    }
    const result = filterNodes(ledger, args, context(explanations?.filtering(args.pod)));
    metrics.filtered(result);
    explanations?.filtered(args, result);
    headroom?.filtered(args.pod, result);
    stop();
    return encodeFilterReply(args, result, table);
  });

  server.post("/prioritize", async (request): Promise<readonly HostPriority[]> => {
    const stop = metrics.verbStarted("prioritize");
    const args = decodeExtenderArgs(request.body as Buffer, table);
    if (args.pod.proxy !== undefined) return [];
    const placement = prioritizeNodes(ledger, args, context(explanations?.choosing(args.pod)));
    metrics.prioritized(placement);
    explanations?.ranked(args.pod);
    stop();
    return scoresOf(placement?.ranking ?? []).map(({ node, score }) => ({ Host: node, Score: score }));
  });

  server.post("/preempt", async (request): Promise<ExtenderPreemptionReply> => {
    const stop = metrics.verbStarted("preempt");
    const args = decodePreemptionArgs(parseBody(String(request.body)));
    // Promises whose time is over must not cost anyone their place, though no filter came by to end them.
    metrics.promisesExpired(ledger.expire(clock.nowMs()).length);
    const isProxy = args.pod.proxy !== undefined;
    const decisions = isProxy ? preemptForProxy(ledger, args.nodes) : preempt(ledger, args);
    metrics.preempted(decisions);
    explanations?.preemptions.answered(args, decisions);
    stop();
    return encodePreemptionReply(decisions);
  });
}
