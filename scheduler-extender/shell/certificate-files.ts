// A certificate that somebody else renews, such as cert-manager by a mounted Secret: the files are read anew every ten
// seconds, and what they hold is served with from then on. Kubelet exchanges a mounted Secret's files all at once, but
// takes up to a minute or two for it; a pair that does not belong together is read again, and until then the one before
// serves.

import { pause } from "#kube/pause.ts";
import { LogGate } from "#kube/log-gate.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { type CertificateFilePaths, readMaterial, type TlsMaterial } from "#runtime/serving-certificate.ts";

export interface CertificateFilesOptions {
  readonly paths: CertificateFilePaths;
  /** The machine's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Two small reads; little beside the minute that kubelet takes. */
const LOOK_MS = 10_000;
const LOG_INTERVAL_MS = 10 * 60_000;

export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #failures: LogGate;
  readonly #stopping = new AbortController();
  #served: TlsMaterial;
  #keeping: Promise<void> | undefined;

  /** @throws UsageError if a file cannot be read. */
  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#failures = new LogGate(options.clock, LOG_INTERVAL_MS);
    this.#served = readMaterial(options.paths);
  }

  /** What to begin with. */
  get material(): TlsMaterial {
    return this.#served;
  }

  /** Tells `adopt` what to serve with instead whenever the files change; what it throws is told, and tried again. */
  keep(adopt: (material: TlsMaterial) => void): void {
    this.#keeping ??= this.#keep(adopt);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
  }

  async #keep(adopt: (material: TlsMaterial) => void): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await pause(this.#options.clock, LOOK_MS, signal);
      if (signal.aborted) return;
      this.#look(adopt);
    }
  }

  #look(adopt: (material: TlsMaterial) => void): void {
    const { paths, logger } = this.#options;
    try {
      const material = readMaterial(paths);
      if (material.cert === this.#served.cert && material.key === this.#served.key) return;
      adopt(material);
      this.#served = material;
      logger.info({ ...paths }, "serving with another certificate");
    } catch (error) {
      const { message } = error as Error;
      this.#failures.pass((suppressed) =>
        logger.error({ ...paths, error: message, suppressed }, "certificate files not taken up"),
      );
    }
  }
}
