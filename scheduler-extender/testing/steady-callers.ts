// Callers that do not let up while a server's certificate is exchanged: some keep their connection, as kube-scheduler
// and the API server do, and some make a new one for each call.

import { once } from "node:events";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

export interface SteadyCallersOptions {
  /** Of the server, with the path. */
  readonly url: string;
  readonly servername: string;
  /** What is posted; `{}` unless said otherwise. */
  readonly body?: string;
  /** PEM: whom a new connection trusts. */
  readonly ca: () => string;
  readonly keeping: number;
  readonly connecting: number;
}

export interface CallCounts {
  readonly calls: number;
  readonly failed: readonly string[];
  /** TLS connections that were made, and serving certificates that they met. */
  readonly connections: number;
  readonly certificates: number;
}

const JSON_BODY = { "content-type": "application/json" };

/** Calls until `during` is over; each caller asks again as soon as it is answered. */
export async function callSteadily(
  { url, servername, body = "{}", ca, keeping, connecting }: SteadyCallersOptions,
  during: (sofar: () => number) => Promise<void>,
): Promise<CallCounts> {
  let [calls, connections] = [0, 0];
  const over = new AbortController();
  const failed: string[] = [];
  const certificates = new Set<string>();
  const kept = new Agent({ keepAlive: true, maxSockets: keeping });
  const caller = async (agent: Agent | false): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const sent = request(url, { method: "POST", agent, ca: ca(), servername, headers: JSON_BODY });
        sent.once("socket", (socket) => {
          if (socket.connecting) socket.once("secureConnect", () => (connections += 1));
        });
        sent.end(body);
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        certificates.add((response.socket as TLSSocket).getPeerCertificate().serialNumber);
        response.resume();
        await once(response, "end");
        if (response.statusCode !== 200) failed.push(`status ${response.statusCode}`);
      } catch (error) {
        failed.push((error as Error).message);
      }
      calls += 1;
    }
  };
  const callers = [
    ...Array.from({ length: keeping }, () => caller(kept)),
    ...Array.from({ length: connecting }, () => caller(false)),
  ];
  try {
    await during(() => calls);
  } finally {
    over.abort();
    await Promise.all(callers);
    kept.destroy();
  }
  return { calls, failed, connections, certificates: certificates.size };
}
