// Keeps what the extender serves with current for as long as it runs. Every 30 s it reads its Secret, renews there what
// is due (policy/certificate-renewal.ts), takes up what another replica wrote, and has the webhooks' caBundle follow: a
// manifest that is applied anew and blanks caBundle is mended within that time and the length of two requests.
//
// What happens when the authority is renewed: its successor's certificate joins it in ca.crt and, from there, in
// caBundle; the server goes on with a certificate of the old one for eight months. Whoever keeps a copy of ca.crt, such
// as kube-scheduler, has that long to take the new one. After that the new authority signs.
//
// Emptying the Secret makes everything anew at once, as after a theft of the keys: callers fail until they trust the
// new authority, which the API server does after one more look here.

import { isConflict } from "#kube/api-error.ts";
import { backoffMs } from "#kube/backoff.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LogGate } from "#kube/log-gate.ts";
import { pause } from "#kube/pause.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { TlsMaterial } from "#runtime/serving-certificate.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { CertificateBundle } from "./certificate-bundle.ts";
import { CertificateSecret } from "./certificate-secret.ts";
import { publishAuthorities } from "./webhook-certificate-authority.ts";

export interface CertificateKeeperOptions {
  readonly connection: Pick<KubeConnection, "request">;
  readonly namespace: string;
  /** The Secret; it must exist, and may be empty. */
  readonly secret: string;
  /** DNS names and IP addresses of the server. */
  readonly hosts: readonly string[];
  /** The MutatingWebhookConfiguration that calls the server; undefined if somebody else keeps its caBundle. */
  readonly webhookConfiguration: string | undefined;
  /** The machine's: certificates are valid by the time of those who read them. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Two small reads per replica: cheap enough to bound how long a blanked caBundle lasts. */
const CHECK_MS = 30_000;
const BACKOFF = { firstMs: 1_000, maxMs: CHECK_MS };
/** Half a minute or so: then kubelet's restarts take over, and show that something is wrong. */
const START_ATTEMPTS_MAX = 6;
const LOG_INTERVAL_MS = 10 * 60_000;
/** A certificate that is in use is kept whatever hosts it is for: replicas with other settings would undo each other. */
const ANY_HOSTS: readonly string[] = [];

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #secret: CertificateSecret;
  readonly #stopping = new AbortController();
  readonly #failureGates: Readonly<Record<Task, LogGate>>;
  #bundle: CertificateBundle | undefined;
  #keeping: Promise<void> | undefined;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#secret = new CertificateSecret({ ...options, name: options.secret });
    this.#failureGates = {
      refresh: new LogGate(options.clock, LOG_INTERVAL_MS),
      publish: new LogGate(options.clock, LOG_INTERVAL_MS),
    };
  }

  /**
   * What to serve with, from now on.
   *
   * @throws UsageError for what has to be mended first; OperationError if the API server stays away.
   */
  async begin(): Promise<TlsMaterial> {
    const { clock, random, hosts, logger } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#bundle = await this.#secret.bundle(hosts);
        return materialOf(this.#bundle);
      } catch (error) {
        if (!(error instanceof OperationError) || attempt >= START_ATTEMPTS_MAX) throw error;
        logger.warn({ code: error.code, error: error.message }, "certificates not read yet");
        await pause(clock, backoffMs(attempt, random, BACKOFF), this.#stopping.signal);
      }
    }
  }

  /** After `begin`: keeps up with what changes, and tells `adopt` what to serve with instead. */
  keep(adopt: (material: TlsMaterial) => void): void {
    this.#keeping ??= this.#keep(adopt);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
  }

  async #keep(adopt: (material: TlsMaterial) => void): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    // The Secret was read a moment ago; its authority is still to be told.
    let failures = (await this.#attempt("publish", adopt)) ? 0 : 1;
    for (;;) {
      await pause(clock, failures === 0 ? CHECK_MS : backoffMs(failures, random, BACKOFF), signal);
      if (signal.aborted) return;
      const isRefreshed = await this.#attempt("refresh", adopt);
      const isPublished = await this.#attempt("publish", adopt);
      failures = isRefreshed && isPublished ? 0 : failures + 1;
    }
  }

  async #refresh(adopt: (material: TlsMaterial) => void): Promise<void> {
    const bundle = await this.#secret.bundle(ANY_HOSTS);
    const isSame = bundle.certificate === this.#bundle?.certificate && bundle.key === this.#bundle.key;
    this.#bundle = bundle;
    if (isSame) return;
    adopt(materialOf(bundle));
    this.#options.logger.info({ secret: this.#options.secret }, "serving with another certificate");
  }

  async #publish(): Promise<void> {
    const { connection, webhookConfiguration, logger } = this.#options;
    if (webhookConfiguration === undefined || this.#bundle === undefined) return;
    const webhooks = await publishAuthorities(connection, webhookConfiguration, this.#bundle.authorities);
    if (webhooks > 0) logger.info({ webhookConfiguration, webhooks }, "published the authorities");
  }

  /** False if it failed: the server goes on with what it has, and tries again. */
  async #attempt(task: Task, adopt: (material: TlsMaterial) => void): Promise<boolean> {
    try {
      await (task === "refresh" ? this.#refresh(adopt) : this.#publish());
      return true;
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
      // Another replica was faster; the next look shows what it wrote.
      if (isConflict(error)) return false;
      this.#failureGates[task].pass((suppressed) =>
        this.#options.logger.error({ error: error.message, suppressed }, FAILURES[task]),
      );
      return false;
    }
  }
}

type Task = "refresh" | "publish";

const FAILURES: Readonly<Record<Task, string>> = {
  refresh: "certificates not refreshed",
  publish: "authorities not published",
};

function materialOf({ certificate, key }: CertificateBundle): TlsMaterial {
  return { cert: certificate, key };
}
