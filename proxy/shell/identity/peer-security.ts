// How a connection to another node's proxy is secured, as the code that opens connections sees it.

import type { OnReadOpts, Socket } from "node:net";

/** What is spoken within, as ALPN names it. */
export type PeerProtocol = "http/1.1" | "h2";

export interface PeerSecurity {
  /** Connections with another key are not to be shared. */
  readonly key: string;
  /**
   * What is written is sent once the peer has proved who it is, which the socket's `secureConnect` tells; until then
   * an error means that it has not.
   */
  connect(destination: SecureDestination): Socket;
}

export interface SecureDestination {
  readonly host: string;
  readonly port: number;
  readonly onread: OnReadOpts;
}
