// What is recorded of one request for the access log, the trace that it is part of, and the time that it has. The same object serves all
// requests of a connection, one after the other.

import type { Renewed } from "../../policy/http1/forwarded-head.ts";
import type { TraceContext } from "../../policy/trace-context.ts";
import type { DescribedRequest, LoggedRequest } from "../access-log.ts";
import type { PassedTrace } from "../trace-starter.ts";
import type { ClientSide } from "./client-side.ts";
import type { ForwardTarget } from "./forward-target.ts";
import { RequestTimer } from "./request-timer.ts";

export class RequestRecord implements LoggedRequest {
  /** Where it went last. */
  target: ForwardTarget | undefined;
  readonly #client: ClientSide;
  readonly #timer: RequestTimer;
  #passed: PassedTrace | undefined;
  #bytesRead = 0;
  #bytesWritten = 0;

  /** @param expired is called where no answer has begun in time. */
  constructor(client: ClientSide, expired: () => void) {
    this.#client = client;
    this.#timer = new RequestTimer(client.options, expired);
  }

  /** A request's head has come. */
  begin(): void {
    const { head, options } = this.#client;
    if (options.traces.isOn) this.#passed = options.traces.pass(head.traceparent);
    this.#timer.start(head.requestTimeout);
  }

  get trace(): TraceContext | undefined {
    return this.#passed?.context;
  }

  /** What the next hop is told instead of what came. */
  get renewed(): Renewed | undefined {
    const trace = this.#passed?.fresh;
    const { remainingMs } = this.#timer;
    return trace === undefined && remainingMs === undefined ? undefined : { trace, remainingMs };
  }

  answerBegun(): void {
    this.#timer.stop();
  }

  describe(): DescribedRequest {
    const { head, socket } = this.#client;
    return {
      method: head.method,
      target: head.target,
      upstream: this.target?.pool.destination,
      receivedBytes: socket.bytesRead - this.#bytesRead,
      sentBytes: socket.bytesWritten - this.#bytesWritten,
    };
  }

  /** It is over, and so is what was recorded of it. */
  clear(): void {
    this.target = undefined;
    this.#passed = undefined;
    this.#timer.stop();
    if (!this.#client.options.accessLog.isOn) return;
    // What the next request's bytes are counted from.
    this.#bytesRead = this.#client.socket.bytesRead;
    this.#bytesWritten = this.#client.socket.bytesWritten;
  }
}
