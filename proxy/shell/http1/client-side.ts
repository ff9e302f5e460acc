// A client's connection as the exchange on it sees it.

import type { Socket } from "node:net";

import type { Caller } from "../../policy/identity/caller.ts";
import type { RequestHead } from "../../policy/http1/request-head.ts";
import type { ClientOptions } from "./client-options.ts";
import type { EnteredTunnel } from "./entered-tunnel.ts";

export interface ClientSide {
  readonly options: ClientOptions;
  readonly socket: Socket;
  readonly address: string;
  readonly caller: Caller;
  readonly head: RequestHead;
  /** The tunnel within which its requests come; undefined where there is none that ends here. */
  readonly entered: EnteredTunnel | undefined;
  /** Something has happened: the connection is not quiet. */
  markActive(): void;
  /** Stops reading until `resume`. */
  pause(): void;
  resume(): void;
  /** Keeps bytes from `from` on for later, and stops reading until then. */
  stash(bytes: Buffer, from: number): void;
  takeRest(): Buffer | undefined;
  writeText(text: string): void;
  /** @returns false if the client is full. */
  writeBytes(bytes: Buffer): boolean;
  /** The client is told that no more will come. */
  endWriting(): void;
  destroy(): void;
  /** Closes it once what was written has gone out. */
  destroySoon(): void;
  /** Closes it so that the client cannot take what it has got for the whole. */
  reset(): void;
  tunnelOpened(): void;
  /** Answers the CONNECT; what comes next is within the tunnel. */
  enterTunnel(): void;
  /** Before the exchange is counted as over: whoever sees that it is finds its bytes counted. */
  countBytes(): void;
  exchangeEnded(mustClose: boolean): void;
}
