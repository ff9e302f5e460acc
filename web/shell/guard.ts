// What keeps other sites' pages out. The UI asks nobody who they are: it is on loopback, or where a NetworkPolicy or an
// ingress decides who comes. A page from elsewhere in the same browser must not read it all the same: no other origin may
// (there are no CORS headers), and a name that an attacker has point to this address ("DNS rebinding") is refused by its
// Host header. Addresses cannot be rebound, so that they pass.

import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";

export interface GuardOptions {
  /** Host names, beside localhost and addresses, by which it may be asked for; without ports. */
  readonly hostNames: readonly string[];
}

const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
} as const;

/** Answers 421 to requests by names that are not its own, and marks every answer. */
export function guard(server: FastifyInstance, { hostNames }: GuardOptions): void {
  const known = new Set(hostNames.map((name) => name.toLowerCase()));
  server.addHook("onRequest", async (request, reply) => {
    // On the raw response, since streams are written to it directly.
    for (const [name, value] of Object.entries(HEADERS)) reply.raw.setHeader(name, value);
    const host = hostNameOf(request.headers.host ?? "");
    if (isTrusted(host, known)) return;
    await reply
      .code(421)
      .type("text/plain")
      .send(`${host} is no name of this server; --host-names lists those that are\n`);
  });
}

function isTrusted(host: string, known: ReadonlySet<string>): boolean {
  return isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost") || known.has(host);
}

/** The name in a Host header, without brackets and port, in lower case. */
export function hostNameOf(header: string): string {
  const name = header.startsWith("[") ? header.slice(1, header.indexOf("]")) : header.replace(/:\d*$/, "");
  return name.toLowerCase().replace(/\.$/, "");
}
