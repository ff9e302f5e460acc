// Node proxies that say of their releases what the test has them say.

import { decodeNodeProfile } from "#kube/released-profile.ts";
import type { NodeName } from "#model/brand.ts";
import type { ProxyClient } from "../shell/proxy-client.ts";

export interface PlayedReport {
  version: number;
  ageMs: number;
  state: string;
  failures: number;
  attempts: number;
  errors: number;
}

export class PlayedProxies implements Pick<ProxyClient, "isOn" | "get" | "stop"> {
  isOn = true;
  readonly nodes = new Map<NodeName, PlayedReport>();
  readonly silent = new Set<NodeName>();
  readonly unready = new Set<NodeName>();

  constructor(names: readonly string[]) {
    for (const name of names) this.nodes.set(name as NodeName, report(0));
  }

  /** Every proxy takes what the profile says of its node, and serves a minute with it. */
  read(profile: unknown): void {
    for (const [node, before] of this.nodes) {
      const { version } = decodeNodeProfile(profile, node);
      if (version !== before.version) this.nodes.set(node, report(version));
    }
  }

  /** Its address is its name. */
  proxyOf = (node: NodeName): { readonly address: string; readonly isReady: boolean } => ({
    address: node,
    isReady: !this.unready.has(node),
  });

  async get(address: string): Promise<unknown> {
    const node = address as NodeName;
    if (this.silent.has(node)) throw new Error(`${node} does not answer`);
    const before = { attempts: 1_000, errors: 0 };
    return { node, apps: [{ app: "default/cart", before, ...this.nodes.get(node) }] };
  }

  async stop(): Promise<void> {}
}

function report(version: number): PlayedReport {
  return { version, ageMs: 60_000, state: "serving", failures: 0, attempts: 100, errors: 0 };
}
