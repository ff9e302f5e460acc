// Passes one request to a destination and its answer back. Bodies stream with backpressure and are never collected.
// What fails before an answer began is answered with a reason; what fails later breaks the connection.

import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";

import { endToEndHeaders } from "../policy/forwarded-headers.ts";
import type { AnswerableReason } from "../policy/reasons.ts";
import type { Exchange } from "./exchange.ts";

export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** End-to-end headers with one Host, framing left out. */
  readonly headers: readonly string[];
  readonly agent: Agent;
  readonly lookup?: LookupFunction;
}

/** All of an answer's header bytes; above what servers allow themselves by default. */
const ANSWER_HEADER_BYTES_MAX = 64 * 1024;

/** @param silenceMs without a byte from or to the destination, connecting included, after which it is given up. */
export function forward(exchange: Exchange, destination: Destination, silenceMs: number): void {
  attempt({ exchange, destination, silenceMs, isRepeated: false });
}

interface Attempt {
  readonly exchange: Exchange;
  readonly destination: Destination;
  readonly silenceMs: number;
  readonly isRepeated: boolean;
}

function attempt(current: Attempt): void {
  const { exchange, destination } = current;
  const { request, response } = exchange;
  let upstream: ClientRequest;
  try {
    upstream = httpRequest({
      agent: destination.agent,
      host: destination.host,
      port: destination.port,
      method: request.method ?? "GET",
      path: destination.path,
      headers: [...destination.headers, ...framingHeaders(exchange)],
      timeout: current.silenceMs,
      maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
      insecureHTTPParser: false,
      ...(destination.lookup === undefined ? {} : { lookup: destination.lookup }),
    });
  } catch {
    // node:http refuses characters that its parser let in; the client is told.
    exchange.refuse("malformedRequest");
    return;
  }

  let answer: IncomingMessage | undefined;
  let isOver = false;
  const fail = (reason: AnswerableReason, error?: Error): void => {
    if (isOver) return;
    isOver = true;
    request.unpipe(upstream);
    upstream.destroy();
    if (answer !== undefined)
      exchange.breakOff(response.writableNeedDrain ? "clientAborted" : "upstreamBroken");
    else if (error !== undefined && mayRepeat(current, upstream, error)) repeat(current);
    else exchange.refuse(reason);
  };

  upstream.on("response", (received) => {
    answer = received;
    received.on("error", () => fail("upstreamClosed"));
    received.once("end", () => {
      isOver = true;
    });
    passAnswer(exchange, received);
  });
  upstream.on("continue", () => {
    if (exchange.isContinueExpected && !isOver) response.writeContinue();
  });
  upstream.on("timeout", () => {
    const isClientSilent = !isUploaded(exchange) && !upstream.writableNeedDrain;
    fail(isClientSilent ? "requestTimeout" : "upstreamDeadline");
  });
  upstream.on("error", (error) => fail(reasonOf(error), error));
  // Also covers answers that node:http drops without an error, such as a 101 that nobody asked for.
  upstream.on("close", () => {
    // With an answer, the answer itself tells whether it was whole: a slow client may still be reading it.
    if (answer === undefined) fail("upstreamInvalid");
  });
  response.once("close", () => {
    isOver = true;
    // The client has gone, or has its answer although the body was not all wanted: nothing is left to send upstream.
    if (!upstream.writableFinished || answer?.complete !== true) upstream.destroy();
  });

  if (exchange.framing === "none") {
    upstream.end();
    return;
  }
  if (exchange.isContinueExpected) upstream.flushHeaders();
  request.pipe(upstream);
}

function passAnswer({ response, breakOff }: Exchange, answer: IncomingMessage): void {
  const headers = endToEndHeaders(answer.rawHeaders);
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
  } catch {
    // A status or header that may not be sent on; nothing has been written yet, but a refusal could fail the same way.
    breakOff("upstreamInvalid");
    return;
  }
  answer.pipe(response);
}

/** The body's length is the client's; a chunked body stays chunked. */
function framingHeaders({ request, framing }: Exchange): readonly string[] {
  if (framing === "chunked") return ["Transfer-Encoding", "chunked"];
  // Content-Length is end-to-end and was passed on already.
  if (request.headers["content-length"] !== undefined) return [];
  // Without it node:http would frame an absent body as an empty chunked one.
  return METHODS_WITH_BODY.has(request.method ?? "") ? ["Content-Length", "0"] : [];
}

const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * A request may be sent again, once, if it has no body, repeating it is harmless by its method (RFC 9110 §9.2.2), and
 * its connection was an old one that the destination was closing.
 */
function mayRepeat(current: Attempt, upstream: ClientRequest, error: Error): boolean {
  const { exchange, isRepeated } = current;
  if (isRepeated || exchange.framing !== "none" || exchange.response.destroyed) return false;
  if (!IDEMPOTENT_METHODS.has(exchange.request.method ?? "")) return false;
  return upstream.reusedSocket && reasonOf(error) === "upstreamClosed";
}

function repeat(current: Attempt): void {
  current.exchange.retried();
  // A connection of its own: the next one in the pool may be as old.
  const agent = new Agent({ keepAlive: false });
  attempt({ ...current, isRepeated: true, destination: { ...current.destination, agent } });
}

function reasonOf(error: Error): AnswerableReason {
  const code = "code" in error ? String(error.code) : "";
  switch (code) {
    case "NameUnresolved":
      return "nameUnresolved";
    case "DestinationForbidden":
      return "destinationForbidden";
    case "ECONNRESET":
    case "EPIPE":
      return "upstreamClosed";
    default:
      return code.startsWith("HPE_") ? "upstreamInvalid" : "connectFailed";
  }
}

function isUploaded({ request, framing }: Exchange): boolean {
  return framing === "none" || request.complete;
}
