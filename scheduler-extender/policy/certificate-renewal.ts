// Which certificates of the extender must be made anew: the one it serves with, the authority that signed it, or both.
// Each is renewed when less than a third of its life remains, as kubelets and cert-manager renew theirs.
//
// A new authority comes in two steps, because its clients (the API server by caBundle, kube-scheduler by a file) learn
// of it at their own pace. First the outgoing authority signs one more serving certificate and its own certificate
// stays in the bundle beside the new one's: clients with the old bundle and clients with both can verify it. When that
// serving certificate is due, two thirds of its life later, the new authority signs the next one. An authority that
// cannot sign any more has no such time: the new one signs as soon as a serving certificate is needed.

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Ten years of 365 days: clients that read a file need to be given a new one every six years and a half at most. */
export const AUTHORITY_LIFE_MS = 3_650 * DAY_MS;
/** Renewed after eight months, so a renewal that fails has four months to be noticed and mended. */
export const SERVING_LIFE_MS = 365 * DAY_MS;
const REMAINING_RATIO_MIN = 1 / 3;

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export type CertificateFault =
  | "absent"
  /** No PEM, or none of a certificate. */
  | "malformed"
  | "keyDoesNotMatch"
  /** A key that the extender cannot sign with: it makes P-256 keys only. */
  | "otherKeyType"
  /** Where an authority belongs, a certificate that may not sign. */
  | "noAuthority"
  /** A serving certificate that no authority of the bundle signed. */
  | "unknownAuthority";

export type AuthorityFacts =
  | { readonly kind: "fault"; readonly fault: CertificateFault }
  | { readonly kind: "usable"; readonly validity: Validity };

export type ServingFacts =
  | { readonly kind: "fault"; readonly fault: CertificateFault }
  | {
      readonly kind: "usable";
      /** Ends with its authority's, if that comes first. */
      readonly validity: Validity;
      readonly coversHosts: boolean;
    };

export interface BundleFacts {
  /** The authority whose key is at hand. */
  readonly authority: AuthorityFacts;
  readonly serving: ServingFacts;
}

export type RenewalReason =
  | CertificateFault
  | "ending"
  /** Made by a clock that is ahead of this one. */
  | "notYetValid"
  | "otherHosts"
  /** Signed once more by an authority that is being replaced. */
  | "authorityEnding";

export interface RenewalPlan {
  /** Why a new authority must be made; undefined if none. */
  readonly authority: RenewalReason | undefined;
  /** Why a new serving certificate must be made, and who signs it; undefined if none. */
  readonly serving: ServingRenewal | undefined;
}

export interface ServingRenewal {
  readonly reason: RenewalReason;
  readonly signer: "present" | "new";
}

export function renewalPlan({ authority, serving }: BundleFacts, nowMs: number): RenewalPlan {
  const authorityReason = reasonOf(authority, nowMs);
  const servingReason =
    reasonOf(serving, nowMs) ??
    (serving.kind === "usable" && !serving.coversHosts ? "otherHosts" : undefined);
  if (authorityReason === undefined)
    return { authority: undefined, serving: signed(servingReason, "present") };
  const canSignOnceMore =
    authority.kind === "usable" &&
    authorityReason === "ending" &&
    authority.validity.notAfterMs - nowMs >= SERVING_LIFE_MS;
  return {
    authority: authorityReason,
    serving: canSignOnceMore
      ? signed(servingReason ?? "authorityEnding", "present")
      : signed(servingReason, "new"),
  };
}

/** Whether it says that something must be made. */
export function isRenewal({ authority, serving }: RenewalPlan): boolean {
  return authority !== undefined || serving !== undefined;
}

function reasonOf(facts: AuthorityFacts | ServingFacts, nowMs: number): RenewalReason | undefined {
  if (facts.kind === "fault") return facts.fault;
  const { notBeforeMs, notAfterMs } = facts.validity;
  if (nowMs < notBeforeMs) return "notYetValid";
  return notAfterMs - nowMs < (notAfterMs - notBeforeMs) * REMAINING_RATIO_MIN ? "ending" : undefined;
}

function signed(
  reason: RenewalReason | undefined,
  signer: ServingRenewal["signer"],
): ServingRenewal | undefined {
  return reason === undefined ? undefined : { reason, signer };
}
