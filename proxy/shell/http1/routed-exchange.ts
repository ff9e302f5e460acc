// One request as the code that decides where it goes sees it. Of the last three methods exactly one is to be called, at
// once or later.

import type { Caller } from "../../policy/identity/caller.ts";
import type { RequestHead } from "../../policy/http1/request-head.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import type { ForwardTarget } from "./forward-target.ts";

export interface RoutedExchange {
  readonly head: RequestHead;
  readonly clientAddress: string;
  /** Who sends it, as far as the connection says. */
  readonly caller: Caller;
  /** Tells this request from later ones of its connection, for routes that take their time. */
  readonly turn: number;
  /** It still waits for the decision. @param turn of when it began to. */
  isRouting(turn: number): boolean;
  /** Answers in the proxy's own name. */
  refuse(reason: AnswerableReason, headers?: Readonly<Record<string, string>>): void;
  /** Passes the request on. */
  forward(target: ForwardTarget): void;
  /** Connects the client with the destination itself, as CONNECT asks for. */
  openTunnel(target: ForwardTarget): void;
}
