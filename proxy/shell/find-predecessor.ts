// Asks whoever listens on the control port whether it is this node's proxy, and if so becomes its successor.

import { request } from "node:http";

import { OperationError } from "#runtime/operation-error.ts";

import type { HostMemory } from "./host-memory.ts";
import { PeerLink } from "./peer-link.ts";
import { ADDRESS_HEADER, HANDOVER_PATH, HANDOVER_PROTOCOL, NODE_HEADER } from "./peer-messages.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { isReusePortSupported } from "./reuse-port.ts";

/** On loopback, from a process that does little else. */
const ANSWER_MS_MAX = 2_000;

export interface Predecessor {
  readonly link: PeerLink;
  readonly memory: HostMemory;
}

/**
 * @returns undefined if nobody listens there.
 * @throws OperationError PortInUse if somebody else does.
 */
export async function findPredecessor(
  config: Pick<ProxyConfig, "controlHost" | "controlPort" | "nodeName" | "nodeAddress">,
): Promise<Predecessor | undefined> {
  const { controlHost, controlPort, nodeName, nodeAddress } = config;
  if (controlPort === 0 || !isReusePortSupported) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Predecessor | undefined>();
  const taken = (why: string): void =>
    reject(
      new OperationError("PortInUse", `the control port ${controlHost}:${controlPort} is in use: ${why}`),
    );
  const asking = request({
    host: controlHost,
    port: controlPort,
    path: HANDOVER_PATH,
    agent: false,
    timeout: ANSWER_MS_MAX,
    headers: {
      Connection: "Upgrade",
      Upgrade: HANDOVER_PROTOCOL,
      [NODE_HEADER]: encodeURIComponent(nodeName),
      [ADDRESS_HEADER]: nodeAddress,
    },
  });
  asking.on("upgrade", (_answer, socket, head) => {
    asking.setTimeout(0);
    void welcomed(new PeerLink(socket, head)).then(resolve, reject);
  });
  asking.on("response", (answer) => {
    answer.resume();
    taken(`what listens there is no proxy of this node and release (${answer.statusCode})`);
  });
  asking.on("timeout", () => {
    taken("what listens there does not answer");
    asking.destroy();
  });
  asking.on("error", (error: NodeJS.ErrnoException) => {
    // Nobody, or nobody any more; whatever else is wrong with the address is told when it is listened on.
    if (NOBODY.has(error.code ?? "")) resolve(undefined);
    else taken("what listens there does not speak HTTP");
  });
  asking.end();
  return promise;
}

async function welcomed(link: PeerLink): Promise<Predecessor | undefined> {
  const message = await link.first();
  if (message?.kind === "memory") return { link, memory: message.memory };
  // It ended in this very moment, or says things of another release.
  link.close();
  return undefined;
}

const NOBODY: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EADDRNOTAVAIL",
  "EACCES",
  "ENETUNREACH",
]);
