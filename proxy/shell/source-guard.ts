// Who may use an app's outbound port: its own pods on this node. What another app's pod sends there would count as this
// app's, and use up its quota. A pod may be faster than the news of its address, so strangers are held for a while
// before they are refused.

import { isIP } from "node:net";

const LOOPBACK_SOURCES: ReadonlySet<string> = new Set(["127.0.0.1", "::1"]);

export class SourceGuard {
  readonly #nodeAddress: string;
  #addresses: ReadonlySet<string> = new Set();
  readonly #waiting = new Map<() => void, string>();

  /** @param nodeAddress where the port is. From there itself comes whoever is on the node's own network. */
  constructor(nodeAddress: string) {
    this.#nodeAddress = nodeAddress;
  }

  /** @param addresses of the app's pods on this node, whatever their condition. */
  update(addresses: readonly string[]): void {
    this.#addresses = new Set(addresses);
    for (const [known, address] of this.#waiting) {
      if (!this.isKnown(address)) continue;
      this.#waiting.delete(known);
      known();
    }
  }

  isKnown(address: string): boolean {
    if (address === this.#nodeAddress || this.#addresses.has(address)) return true;
    // Whoever asks a loopback port without saying from where; to any other address, nothing comes from here.
    if (LOOPBACK_SOURCES.has(address)) return true;
    // Of a pod with two addresses only the first is known: where all are of the other kind, nobody can be told apart.
    const version = isIP(address);
    return this.#addresses.size > 0 && ![...this.#addresses].some((other) => isIP(other) === version);
  }

  /** Calls back once the address is known. @returns what ends the wait. */
  wait(address: string, known: () => void): () => void {
    this.#waiting.set(known, address);
    return () => this.#waiting.delete(known);
  }
}
