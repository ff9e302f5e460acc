// A server's certificate that can be exchanged while it serves: connections that are open go on as they are, new ones
// are met with the new certificate.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { RequestListener } from "node:http";
import { UsageError } from "./usage-error.ts";

/** PEM: the certificate, issuers after it if there are any, and its key. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateFilePaths {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CallerOptions {
  /** PEM: authorities of clients that may show a certificate; whether one did is for the server's routes to ask. */
  readonly clientAuthorities?: string | undefined;
}

export class ServingCertificate {
  /** Fastify listens with two servers where `localhost` has two addresses. */
  readonly #servers: Server[] = [];
  readonly #callers: ServerOptions;
  #material: TlsMaterial;

  /** @throws Error if the key is not the certificate's, or either is malformed. */
  constructor(material: TlsMaterial, { clientAuthorities: ca }: CallerOptions = {}) {
    check(material);
    // Those without a certificate are let in, since one port serves callers of both kinds.
    this.#callers = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
    this.#material = material;
  }

  /**
   * From two PEM files.
   *
   * @throws UsageError if they cannot be read, or do not belong together.
   */
  static fromFiles(paths: CertificateFilePaths, callers?: CallerOptions): ServingCertificate {
    const material = readMaterial(paths);
    try {
      return new ServingCertificate(material, callers);
    } catch (error) {
      const { certFile, keyFile } = paths;
      throw new UsageError(
        `${certFile} and ${keyFile} are no certificate and its key: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  createServer(options: ServerOptions, listener: RequestListener): Server {
    const server = createServer({ ...options, ...this.#callers, ...this.#material }, listener);
    this.#servers.push(server);
    return server;
  }

  /** @throws Error, and changes nothing, if the key is not the certificate's or either is malformed. */
  replace(material: TlsMaterial): void {
    check(material);
    this.#material = material;
    for (const server of this.#servers) server.setSecureContext({ ...this.#callers, ...material });
  }
}

function check({ cert, key }: TlsMaterial): void {
  // A secure context takes an empty text for a server without a certificate, which no client could talk to.
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error("key values mismatch");
}

/** @throws UsageError if one of the files cannot be read; whether they belong together is not looked at. */
export function readMaterial({ certFile, keyFile }: CertificateFilePaths): TlsMaterial {
  return { cert: readPem(certFile), key: readPem(keyFile) };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
