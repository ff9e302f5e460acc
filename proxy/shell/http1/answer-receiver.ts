// What a connection to a destination tells the exchange that uses it. All of it may happen while `begin` still runs.

import type { AnsweredRequest } from "../../policy/http1/response-head.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";

export interface AnswerReceiver extends AnsweredRequest {
  /** A 1xx answer came, which another will follow. */
  interimSeen(statusCode: number): void;
  /**
   * More of the answer came: the connection's `head` if `isFirst`, and what its `body` has read.
   *
   * @param bytes to be copied: they are overwritten after the call.
   */
  partSeen(bytes: Buffer, isFirst: boolean, isLast: boolean): void;
  /** The tunnel is open: what comes next is no HTTP. */
  tunnelOpened(): void;
  /** From then on. */
  readonly tunnel: TunnelReceiver | undefined;
  /** What was written has gone out; more may be written. */
  hasRoom(): void;
  /** The answer will not come, or not to its end. The connection has closed. */
  failed(reason: AnswerableReason): void;
}

export interface TunnelReceiver {
  /** @param bytes to be copied. */
  destinationSpoke(bytes: Buffer): void;
  /** The destination will send no more. */
  destinationEnded(): void;
}
