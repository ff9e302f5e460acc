// Who may call the verbs, where that is asked: callers with a certificate of an authority of the platform's, and of one name
// if that authority certifies others as well. The webhooks are not asked: the API server shows them no certificate unless
// it is configured to, and they promise nothing.

import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { UsageError } from "#runtime/usage-error.ts";

/** The authorities of callers, in PEM. @throws UsageError if the file is not that. */
export function readClientAuthorities(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    void new X509Certificate(text);
    return text;
  } catch (error) {
    throw new UsageError(`--client-ca: ${path} is no certificate in PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Why the caller is not answered; undefined if it is. */
export function callerRefusal(socket: Socket, name: string | undefined): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized)
    return "the verbs want a client certificate of the authorities in --client-ca";
  const { subject } = socket.getPeerCertificate();
  if (name === undefined || subject?.CN === name) return undefined;
  return `the verbs want a client certificate for ${name}, not for ${String(subject?.CN)}`;
}
