// One request as the code that decides where it goes sees it. Of the last four methods exactly one is to be called, at
// once or later.

import type { Caller } from "../../policy/identity/caller.ts";
import type { RequestHead } from "../../policy/http1/request-head.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import type { EnteredTunnel } from "./entered-tunnel.ts";
import type { ForwardTarget } from "./forward-target.ts";

/** Who sends it. */
export interface RoutedClient {
  readonly address: string;
  /** As far as the connection says. */
  readonly caller: Caller;
  /** The tunnel within which the request came; undefined where there is none that ends here. */
  readonly entered: EnteredTunnel | undefined;
}

export interface RoutedExchange {
  readonly head: RequestHead;
  readonly client: RoutedClient;
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
  /** Answers a CONNECT and reads on: what is in the tunnel is routed in its turn. */
  enterTunnel(): void;
}
