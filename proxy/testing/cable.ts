// Two network namespaces with one cable between them, and nothing else: two nodes, for tests and benches.

import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";

/** Of the addresses in 198.18.0.0/15, which are for trying out networks (RFC 2544) and routed nowhere. */
export type EndAddresses = readonly [readonly string[], readonly string[]];

export class Cable {
  readonly names = ["a", "b"].map((end) => `berth-${process.pid}-${end}`) as [string, string];

  /**
   * @param addresses of each end, all of one /16.
   * @throws Error where this machine has no namespaces to give.
   */
  constructor(context: Pick<TestContext, "after">, addresses: EndAddresses) {
    const [one, other] = this.names;
    for (const name of this.names) {
      ip("netns", "add", name);
      context.after(() => ip("netns", "delete", name));
    }
    ip("-n", one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other);
    for (const [index, name] of this.names.entries()) {
      for (const address of addresses[index] ?? [])
        ip("-n", name, "address", "add", `${address}/16`, "dev", "cable");
      for (const device of ["lo", "cable"]) ip("-n", name, "link", "set", device, "up");
    }
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
