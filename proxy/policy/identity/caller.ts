// Who is at the other end of a connection, and whether a request of theirs is answered. Whoever shows a certificate that
// proves nothing is refused also where nobody has to show any: it claims to be somebody.

import type { AppName } from "#model/brand.ts";
import { type CallerRules, isAllowed } from "#model/callers.ts";
import { appOfSpiffeId } from "#model/spiffe-id.ts";
import type { AnswerableReason } from "../reasons.ts";

export type Caller =
  /** Showed nothing. */
  | { readonly kind: "unidentified" }
  | { readonly kind: "app"; readonly app: AppName; readonly notAfterMs: number }
  /** Showed a certificate that proves nothing. */
  | {
      readonly kind: "unproven";
      readonly reason: "certificateExpired" | "certificateForeign" | "identityMalformed";
      /** What it says nevertheless, for the audit. */
      readonly claim: string;
    };

export const UNIDENTIFIED: Caller = { kind: "unidentified" };

export interface ShownCertificate {
  /** As Node prints the subject's alternative names; undefined if there are none, or no certificate at all. */
  readonly subjectAltName: string | undefined;
  readonly notAfterMs: number;
  /** OpenSSL's word for what is wrong with its chain; undefined if nothing is. */
  readonly fault: string | undefined;
}

/** @param shown undefined where no certificate was shown. */
export function callerOf(shown: ShownCertificate | undefined, trustDomain: string): Caller {
  if (shown === undefined) return UNIDENTIFIED;
  const { subjectAltName = "", notAfterMs, fault } = shown;
  const claim = subjectAltName.slice(0, CLAIM_CHARACTERS_MAX);
  if (fault !== undefined) {
    const isLate = fault === "CERT_HAS_EXPIRED" || fault === "CERT_NOT_YET_VALID";
    return { kind: "unproven", reason: isLate ? "certificateExpired" : "certificateForeign", claim };
  }
  const app = appOfNames(subjectAltName, trustDomain);
  return app === undefined
    ? { kind: "unproven", reason: "identityMalformed", claim }
    : { kind: "app", app, notAfterMs };
}

/** The one name that a mesh certificate has; any other beside it and it is none. */
export function appOfNames(subjectAltName: string, trustDomain: string): AppName | undefined {
  return subjectAltName.startsWith(URI)
    ? appOfSpiffeId(subjectAltName.slice(URI.length), trustDomain)
    : undefined;
}

/** @returns why a request of that caller is refused; undefined if it is not. */
export function callerRefusal(
  caller: Caller,
  rules: CallerRules,
  nowMs: number,
): AnswerableReason | undefined {
  switch (caller.kind) {
    case "unidentified":
      return rules.withoutIdentity === "allow" ? undefined : "identityRequired";
    case "unproven":
      return caller.reason;
    case "app":
      // A connection may outlive what it was opened with.
      if (nowMs >= caller.notAfterMs) return "certificateExpired";
      return isAllowed(caller.app, rules) ? undefined : "callerNotAllowed";
  }
}

/** Whether that caller's next request should come by another connection, opened with a later certificate. */
export function isNearlyExpired(caller: Caller, nowMs: number): boolean {
  return caller.kind === "app" && nowMs >= caller.notAfterMs - EXPIRY_NOTICE_MS;
}

const URI = "URI:";
/** Certificates live for ten minutes at least and are renewed at half of that: by now there is a later one. */
const EXPIRY_NOTICE_MS = 60_000;
const CLAIM_CHARACTERS_MAX = 200;
