// One request of a client and its answer, as the code that serves it sees it.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { AnswerableReason, ReasonName } from "../policy/reasons.ts";
import type { BodyFraming } from "../policy/request-strictness.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly framing: BodyFraming;
  /** The client waits for a 100 before it sends the body. */
  readonly isContinueExpected: boolean;
  /** Answers in the proxy's own name. Only before an answer has begun. */
  refuse(reason: AnswerableReason, headers?: Readonly<Record<string, string>>): void;
  /** Closes the client's connection in the middle of an answer, so that it cannot be taken for a whole one. */
  breakOff(reason: ReasonName): void;
  /** The request was sent to a destination once more. */
  retried(): void;
}
