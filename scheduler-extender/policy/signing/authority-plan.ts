// How the mesh's authority is succeeded without a certificate that somebody does not trust. A new root is published to
// every proxy long before it signs; the old one stays published for as long as anything it signed may be valid.

/** What is known of the authorities in the Secret. */
export interface AuthorityTimes {
  /** The one that signs; undefined if there is none that can. */
  readonly present: { readonly notBeforeMs: number; readonly notAfterMs: number } | undefined;
  /** Published, and signing nothing yet. */
  readonly next: { readonly notBeforeMs: number } | undefined;
}

export type AuthorityStep =
  | "keep"
  /** There is none: one is made, and signs at once, since nobody has a certificate yet. */
  | "begin"
  /** One is made and published. */
  | "announce"
  /** The one that was published signs from now on. */
  | "promote";

/** Ten years of 365 days. */
export const MESH_AUTHORITY_LIFE_MS = 3_650 * 24 * 3_600_000;
const REMAINING_RATIO_MIN = 1 / 3;
/** As long as a certificate lives: whoever renewed theirs since has seen the roots, too. */
export const PUBLISHED_MS_MIN = 24 * 3_600_000;

export function authorityStep({ present, next }: AuthorityTimes, nowMs: number): AuthorityStep {
  if (present === undefined) return next === undefined ? "begin" : "promote";
  if (next !== undefined) {
    const isPublished = nowMs - next.notBeforeMs >= PUBLISHED_MS_MIN;
    return isPublished || nowMs >= present.notAfterMs ? "promote" : "keep";
  }
  const lifeMs = present.notAfterMs - present.notBeforeMs;
  return present.notAfterMs - nowMs < lifeMs * REMAINING_RATIO_MIN ? "announce" : "keep";
}
