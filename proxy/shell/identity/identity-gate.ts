// An instance's identity in its worker: judges callers, secures connections, and keeps the audit of who was refused. TLS
// is loaded with the first certificate: an instance without one never pays for it.

import type { Socket } from "node:net";

import type { AppName } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";

import { type Caller, callerRefusal } from "../../policy/identity/caller.ts";
import { REASONS } from "../../policy/reasons.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";
import type { AppIdentity, IdentityMaterial } from "./app-identity.ts";
import { AuditBook, type AuditEntry } from "./audit-book.ts";
import type { MutualTls, MutualTlsOptions } from "./mutual-tls.ts";
import type { PeerProtocol, PeerSecurity } from "./peer-security.ts";

export interface IdentityGateOptions {
  readonly identity: AppIdentity;
  readonly clock: Clock;
  readonly secured: MutualTlsOptions["secured"];
  /** Told at most once a second. */
  readonly audited: (entries: readonly AuditEntry[]) => void;
}

/** A certificate is issued within a second where the signer is there; an app that starts waits for its first. */
const WAIT_MS_MAX = 10_000;

export class IdentityGate {
  readonly #options: IdentityGateOptions;
  readonly #audit: AuditBook;
  #identity: AppIdentity;
  #tls: MutualTls | undefined;
  #updating: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();

  constructor(options: IdentityGateOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#audit = new AuditBook(options.clock, options.audited);
  }

  update(identity: AppIdentity): void {
    this.#identity = identity;
    const { material } = identity;
    if (material === undefined) return;
    // One after the other, so that the last one stays.
    this.#updating = this.#take(identity, material, this.#updating);
  }

  /** Why that caller's request is refused; undefined if it is not. What is refused is noted. */
  refusalOf(caller: Caller, address: string): AnswerableReason | undefined {
    const reason = callerRefusal(caller, this.#identity.callers, this.#options.clock.nowMs());
    if (reason !== undefined)
      this.#audit.note({ reason: REASONS[reason].code, caller: nameOf(caller), address });
    return reason;
  }

  /** Whether connections to other nodes' proxies have to be secured. */
  get isUsed(): boolean {
    return this.#identity.mode === "use";
  }

  /** How to reach that app by way of its node; a promise only until there is a certificate, and undefined without. */
  towards(
    app: AppName,
    protocol: PeerProtocol = "http/1.1",
  ): PeerSecurity | Promise<PeerSecurity | undefined> {
    return this.#tls?.towards(app, protocol) ?? this.#laterTowards(app, protocol);
  }

  async #laterTowards(app: AppName, protocol: PeerProtocol): Promise<PeerSecurity | undefined> {
    const tls = await this.#ready();
    return tls?.towards(app, protocol);
  }

  /** A caller's connection that begins with TLS. @param bytes the first ones, which have been read already. */
  async accept(socket: Socket, bytes: Buffer): Promise<void> {
    socket.pause();
    const tls = this.#tls ?? (await this.#ready());
    if (tls === undefined) socket.destroy();
    else if (!socket.destroyed) tls.accept(socket, bytes);
  }

  async #take(identity: AppIdentity, material: IdentityMaterial, before: Promise<void>): Promise<void> {
    await before;
    const { MutualTls } = await import("./mutual-tls.ts");
    const { secured } = this.#options;
    if (this.#tls === undefined) this.#tls = new MutualTls(material, { ...identity, secured });
    else this.#tls.update(material);
    for (const proceed of this.#waiting) proceed();
    this.#waiting.clear();
  }

  async #ready(): Promise<MutualTls | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const cancel = this.#options.clock.after(WAIT_MS_MAX, resolve);
    await promise;
    cancel();
    this.#waiting.delete(resolve);
    return this.#tls;
  }
}

function nameOf(caller: Caller): string {
  if (caller.kind === "app") return caller.app;
  return caller.kind === "unproven" ? `unproven: ${caller.claim}` : "unidentified";
}
