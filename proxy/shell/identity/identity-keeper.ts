// Keeps every app of the node certified for as long as it has an instance here, and tells who has what: a new key and
// certificate at half of the old one's life, at once when no root that is trusted signed it, and the roots as they change.

import { X509Certificate } from "node:crypto";

import type { AppName } from "#model/brand.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";

import { renewAtMs } from "../../policy/identity/renewal.ts";
import type { IdentityMaterial } from "./app-identity.ts";
import { certificateBlocks } from "./certificate-blocks.ts";
import type { CertificateClient, CertifiedAppKey } from "./certificate-client.ts";

export interface IdentityKeeperOptions {
  readonly client: Pick<CertificateClient, "certify">;
  readonly changed: (app: AppName, material: IdentityMaterial) => void;
  /** Told of what the next keeper is to be given; undefined of what it has no use for any more. */
  readonly keep?: ((app: AppName, material: IdentityMaterial | undefined) => void) | undefined;
  /** What an earlier one had. */
  readonly kept?: KeptIdentities | undefined;
  /** The machine's: certificates are valid by the time of those who read them. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export type KeptIdentities = readonly (readonly [AppName, IdentityMaterial])[];

interface AppState {
  certified: CertifiedAppKey | undefined;
  failures: number;
  failedAtMs: number;
  spread: number;
  isAsking: boolean;
}

/** Of requests to the API server; each takes a second at most. */
const ASKING_MAX = 8;
/** Clocks are set, and machines sleep: a timer alone might be late by that. */
const LOOK_MS_MAX = 30_000;

export class IdentityKeeper {
  readonly #options: IdentityKeeperOptions;
  readonly #apps = new Map<AppName, AppState>();
  /** Not claimed yet. */
  readonly #kept: Map<AppName, IdentityMaterial>;
  readonly #stopping = new AbortController();
  #roots = "";
  #asking = 0;
  #cancel: Cancel = () => undefined;

  constructor(options: IdentityKeeperOptions) {
    this.#options = options;
    this.#kept = new Map(options.kept);
  }

  /** The apps that have instances on the node. */
  want(apps: ReadonlySet<AppName>): void {
    const { random, changed, keep } = this.#options;
    for (const app of this.#apps.keys()) {
      if (apps.has(app)) continue;
      this.#apps.delete(app);
      keep?.(app, undefined);
    }
    for (const app of apps) {
      if (this.#apps.has(app)) continue;
      const untried = { failures: 0, failedAtMs: 0, isAsking: false };
      const kept = this.#kept.get(app);
      this.#apps.set(app, { ...untried, certified: kept, spread: random() });
      this.#kept.delete(app);
      // At once, by the roots that were known then: a signer and an API server that are away are not waited for.
      if (kept !== undefined) changed(app, kept);
    }
    this.#turn();
  }

  /** @param roots PEM; certificates that none of them signed are replaced. */
  rootsSeen(roots: string): void {
    if (roots === this.#roots) return;
    this.#roots = roots;
    for (const [app, state] of this.#apps) {
      if (state.certified !== undefined && !isSignedBy(state.certified, roots)) state.certified = undefined;
      this.#tell(app, state);
    }
    this.#turn();
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancel();
  }

  #turn(): void {
    this.#cancel();
    // Without roots a certificate would be of no use.
    if (this.#stopping.signal.aborted || this.#roots === "") return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    let nextMs = nowMs + LOOK_MS_MAX;
    for (const [app, state] of this.#apps) {
      if (state.isAsking) continue;
      const dueMs = renewAtMs({ ...state, validity: validityOf(state.certified) });
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
      else if (this.#asking < ASKING_MAX) void this.#ask(app, state);
    }
    this.#cancel = clock.after(nextMs - nowMs, () => this.#turn());
  }

  async #ask(app: AppName, state: AppState): Promise<void> {
    const { client, clock, random, logger } = this.#options;
    state.isAsking = true;
    this.#asking += 1;
    try {
      const certified = await client.certify(app, this.#stopping.signal);
      state.certified = certified;
      state.failures = 0;
      state.spread = random();
      logger.info({ app, notAfter: new X509Certificate(certified.certificate).validTo }, "certified");
      this.#tell(app, state);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      state.failures += 1;
      state.failedAtMs = clock.nowMs();
      // What it has serves on for the other half of its life.
      if (!this.#stopping.signal.aborted)
        logger.warn(
          { app, code: error.code, error: error.message, failures: state.failures },
          "not certified",
        );
    } finally {
      state.isAsking = false;
      this.#asking -= 1;
      this.#turn();
    }
  }

  #tell(app: AppName, { certified }: AppState): void {
    if (certified === undefined || this.#apps.get(app)?.certified !== certified) return;
    const { certificate, key } = certified;
    const material = { certificate, key, roots: this.#roots };
    this.#options.changed(app, material);
    this.#options.keep?.(app, material);
  }
}

function validityOf(
  certified: CertifiedAppKey | undefined,
): { readonly notBeforeMs: number; readonly notAfterMs: number } | undefined {
  if (certified === undefined) return undefined;
  const { validFromDate, validToDate } = new X509Certificate(certified.certificate);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

function isSignedBy({ certificate }: CertifiedAppKey, roots: string): boolean {
  const leaf = new X509Certificate(certificate);
  return certificateBlocks(roots).some((block) => leaf.verify(new X509Certificate(block).publicKey));
}
