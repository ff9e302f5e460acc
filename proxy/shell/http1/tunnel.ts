// What passes through a client's connection once it is no HTTP any more: a WebSocket, or whatever a CONNECT was for.
// Bytes go both ways as they are. Of a WebSocket the proxy may take its leave: it tells the client so between two
// messages, passes on nothing more of what the destination says, and leaves the rest of the closing handshake to them.

import { GOING_AWAY, WebSocketFrames } from "../../policy/web-socket-frames.ts";
import type { TunnelReceiver } from "./answer-receiver.ts";
import type { ClientSide } from "./client-side.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

export class Tunnel implements TunnelReceiver {
  readonly #client: ClientSide;
  readonly #upstream: UpstreamConnection;
  /** Of the destination's side; undefined where nobody knows what is spoken. */
  readonly #frames: WebSocketFrames | undefined;
  #isClientWaiting = false;
  #isQuiet = true;
  #isFarewellDue = false;
  #isFarewellSaid = false;

  constructor(client: ClientSide, upstream: UpstreamConnection, spoken: "WebSocket" | "anything") {
    this.#client = client;
    this.#upstream = upstream;
    this.#frames = spoken === "WebSocket" ? new WebSocketFrames() : undefined;
  }

  clientSpoke(bytes: Buffer): void {
    this.#client.markActive();
    this.#isClientWaiting = true;
    this.#isQuiet = false;
    if (!this.#upstream.writeBytes(bytes)) this.#client.pause();
  }

  clientEnded(): void {
    this.#upstream.endTunnel();
  }

  destinationSpoke(bytes: Buffer): void {
    this.#client.markActive();
    if (this.#isFarewellSaid) return;
    this.#frames?.read(bytes);
    this.#isClientWaiting = false;
    this.#isQuiet = false;
    if (!this.#client.writeBytes(Buffer.from(bytes))) this.#upstream.pause();
    // Right behind an answer: the client's next message is not on its way yet.
    if (this.#isFarewellDue && this.#isCalm) this.#sayFarewell();
  }

  destinationEnded(): void {
    this.#client.endWriting();
  }

  /** To be called again and again until it has gone. */
  farewell({ isLastCall }: { readonly isLastCall: boolean }): void {
    if (this.#isFarewellSaid || this.#frames?.isClosed === true) return;
    const wasQuiet = this.#isQuiet;
    this.#isFarewellDue = true;
    this.#isQuiet = true;
    if (wasQuiet && this.#isCalm) this.#sayFarewell();
    else if (!isLastCall) return;
    else if (this.#frames?.isBetweenFrames === true) this.#sayFarewell();
    else this.#client.destroySoon();
  }

  /** The destination had the last word, and it was a whole one: nobody waits for anything. */
  get #isCalm(): boolean {
    return this.#frames?.isBetweenMessages === true && !this.#isClientWaiting;
  }

  #sayFarewell(): void {
    if (this.#isFarewellSaid || this.#frames?.isClosed === true) return;
    this.#isFarewellSaid = true;
    this.#client.writeBytes(Buffer.from(GOING_AWAY));
  }
}
