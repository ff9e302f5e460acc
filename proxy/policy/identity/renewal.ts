// When an app's certificate is asked for. It is renewed at half its life, spread over a tenth of it so that proxies which
// started together do not ask together; what is left is the time in which a signer may be away.

export interface RenewalState {
  /** Of the certificate in use; undefined without one. */
  readonly validity: { readonly notBeforeMs: number; readonly notAfterMs: number } | undefined;
  /** Attempts in a row that brought none. */
  readonly failures: number;
  /** When the last one ended. */
  readonly failedAtMs: number;
  /** Between 0 and 1, drawn once per certificate. */
  readonly spread: number;
}

const RENEW_RATIO = 0.5;
const SPREAD_RATIO = 0.1;
const BACKOFF_FIRST_MS = 1_000;
/** A signer that denies for good is asked again: the pod that it misses may come, or its settings be mended. */
const BACKOFF_MS_MAX = 60_000;

/** When the next one is to be asked for. */
export function renewAtMs({ validity, failures, failedAtMs, spread }: RenewalState): number {
  const retryMs = failures === 0 ? 0 : failedAtMs + backoffMs(failures, spread);
  if (validity === undefined) return retryMs;
  const { notBeforeMs, notAfterMs } = validity;
  const ratio = RENEW_RATIO + SPREAD_RATIO * spread;
  return Math.max(retryMs, notBeforeMs + (notAfterMs - notBeforeMs) * ratio);
}

function backoffMs(failures: number, spread: number): number {
  const wholeMs = Math.min(BACKOFF_MS_MAX, BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return wholeMs * (0.5 + spread / 2);
}
