// Where pods may not go through the proxy. It runs in the node's own network: without this, any pod could reach what
// the node offers on loopback only (kubelet's and the proxy's own control ports) and the cloud's metadata service.

import { BlockList, isIP } from "node:net";

export class DestinationGuard {
  readonly #forbidden = new BlockList();

  /**
   * @param nodeAddress where the proxy itself serves. On a loopback address everything is a trial on one machine, where
   *   the pods are on loopback as well, so loopback is allowed.
   */
  constructor(nodeAddress: string) {
    this.#forbidden.addSubnet("169.254.0.0", 16, "ipv4");
    this.#forbidden.addSubnet("fe80::", 10, "ipv6");
    // Connecting to the unspecified address reaches loopback.
    this.#forbidden.addSubnet("0.0.0.0", 8, "ipv4");
    this.#forbidden.addAddress("::", "ipv6");
    if (isLoopback(nodeAddress)) return;
    this.#forbidden.addSubnet("127.0.0.0", 8, "ipv4");
    this.#forbidden.addAddress("::1", "ipv6");
  }

  /** @param address an IP address; a name is never forbidden, only what it resolves to. */
  isForbidden(address: string): boolean {
    const version = isIP(address);
    if (version === 0) return false;
    return this.#forbidden.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}
