// What is recorded of one request for the access log, and the trace that it is part of. The same object serves all
// requests of a connection, one after the other.

import type { TraceContext } from "../../policy/trace-context.ts";
import type { DescribedRequest, LoggedRequest } from "../access-log.ts";
import type { PassedTrace } from "../trace-starter.ts";
import type { ClientSide } from "./client-side.ts";
import type { ForwardTarget } from "./forward-target.ts";

export class RequestRecord implements LoggedRequest {
  /** Where it went last. */
  target: ForwardTarget | undefined;
  readonly #client: ClientSide;
  #passed: PassedTrace | undefined;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(client: ClientSide) {
    this.#client = client;
  }

  /** A request's head has come. */
  begin(): void {
    const { traces } = this.#client.options;
    if (traces.isOn) this.#passed = traces.pass(this.#client.head.traceparent);
  }

  get trace(): TraceContext | undefined {
    return this.#passed?.context;
  }

  /** The traceparent that is sent instead of what came; undefined: as it came. */
  get freshTrace(): string | undefined {
    return this.#passed?.fresh;
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
    if (!this.#client.options.accessLog.isOn) return;
    // What the next request's bytes are counted from.
    this.#bytesRead = this.#client.socket.bytesRead;
    this.#bytesWritten = this.#client.socket.bytesWritten;
  }
}
