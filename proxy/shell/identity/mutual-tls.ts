// Mutual TLS 1.3 between proxies, by the app's certificate. Whoever connects here is let finish the handshake whatever it
// shows, and every request of it is then judged by that: a refusal says why, which an alert would not. Towards others
// nothing is sent before they have proved to be the app that was meant. What is open goes on when certificates change;
// sessions are not resumed, since a ticket would outlive the certificate it was given for.

import { constants } from "node:crypto";
import type { Socket, TcpNetConnectOpts } from "node:net";
import { connect, createSecureContext, createServer } from "node:tls";
import type { ConnectionOptions, SecureContext, Server, TLSSocket } from "node:tls";

import type { AppName } from "#model/brand.ts";

import { appOfNames, type Caller, callerOf } from "../../policy/identity/caller.ts";
import type { IdentityMaterial } from "./app-identity.ts";
import type { PeerProtocol, PeerSecurity, SecureDestination } from "./peer-security.ts";

export interface SecuredConnection {
  readonly socket: Socket;
  readonly caller: Caller;
  /** By ALPN; HTTP/1.1 otherwise, and where the client named none. */
  readonly isHttp2: boolean;
}

export interface MutualTlsOptions {
  readonly trustDomain: string;
  readonly secured: (connection: SecuredConnection) => void;
}

/** As long as a request's head may take. */
const HANDSHAKE_MS_MAX = 10_000;
const VERSION = "TLSv1.3";
const HTTP2 = "h2";
/** In the order of preference. Whoever offers neither is told so by an alert (RFC 7301 §3.2), whoever offers nothing is not. */
const PROTOCOLS = [HTTP2, "http/1.1"];

export class MutualTls {
  readonly #options: MutualTlsOptions;
  readonly #server: Server;
  #context: SecureContext;
  /** Connections that were opened with an earlier certificate are not used for new requests. */
  #generation = 0;

  /** @throws Error if the key is not the certificate's, or either is malformed. */
  constructor(material: IdentityMaterial, options: MutualTlsOptions) {
    this.#options = options;
    this.#context = createSecureContext(contextOf(material));
    this.#server = createServer({
      ...contextOf(material),
      ALPNProtocols: PROTOCOLS,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
    this.#server.on("tlsClientError", (_, socket) => socket.destroy());
  }

  /** @throws Error, and changes nothing, if the key is not the certificate's or either is malformed. */
  update(material: IdentityMaterial): void {
    this.#context = createSecureContext(contextOf(material));
    this.#server.setSecureContext(contextOf(material));
    this.#generation += 1;
  }

  /** Takes over a connection. @param bytes the first ones, which have been read already. */
  accept(socket: Socket, bytes: Buffer): void {
    socket.pause();
    // Whoever leaves in the middle of a handshake has gone; afterwards an end may be that of one direction.
    socket.allowHalfOpen = false;
    socket.unshift(bytes);
    this.#server.emit("connection", socket);
  }

  /** How a connection to that app is opened. */
  towards(app: AppName, protocol: PeerProtocol): PeerSecurity {
    const { trustDomain } = this.#options;
    const isMeant = (names: string): boolean => appOfNames(names, trustDomain) === app;
    return {
      key: `${app} ${this.#generation} ${protocol}`,
      connect: (destination) => this.#connect(destination, protocol, isMeant),
    };
  }

  #connect(
    { host, port, onread }: SecureDestination,
    protocol: PeerProtocol,
    isMeant: (names: string) => boolean,
  ): TLSSocket {
    const options: ConnectionOptions & Pick<TcpNetConnectOpts, "onread" | "allowHalfOpen"> = {
      host,
      port,
      onread,
      allowHalfOpen: true,
      secureContext: this.#context,
      ALPNProtocols: [protocol],
      // Nodes are addressed by number, which is no name to ask a server for.
      servername: "",
      checkServerIdentity: (_, { subjectaltname = "" }) =>
        isMeant(subjectaltname) ? undefined : new PeerUnprovenError(),
    };
    const socket = connect(options);
    socket.setNoDelay(true);
    // OpenSSL would send what is written together with the end of the handshake, before the peer was looked at.
    socket.cork();
    socket.once("secureConnect", () => socket.uncork());
    return socket;
  }

  #secured(socket: TLSSocket): void {
    socket.allowHalfOpen = true;
    const { secured, trustDomain } = this.#options;
    const { subjectaltname, valid_to: validTo } = socket.getPeerCertificate();
    const shown =
      validTo === undefined
        ? undefined
        : {
            subjectAltName: subjectaltname,
            notAfterMs: Date.parse(validTo),
            fault: socket.authorized ? undefined : String(socket.authorizationError),
          };
    secured({ socket, caller: callerOf(shown, trustDomain), isHttp2: socket.alpnProtocol === HTTP2 });
  }
}

class PeerUnprovenError extends Error {
  readonly code = "PeerUnproven";

  constructor() {
    super("the peer is not the app that was meant");
  }
}

function contextOf({ certificate, key, roots }: IdentityMaterial) {
  return {
    cert: certificate,
    key,
    ca: roots,
    minVersion: VERSION,
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}
