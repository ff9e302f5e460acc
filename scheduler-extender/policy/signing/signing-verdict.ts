// Whether a proxy gets a certificate for an app: only a node proxy, only by the token of its own pod, and only for an app
// that has a pod on that very node. So a node that is taken over yields the identities of its own apps and no others.

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import { appOfSpiffeId } from "#model/spiffe-id.ts";
import type { SigningReasonName } from "./signing-reasons.ts";

/** What the API server says of who asks, and what was asked for. */
export interface SigningQuestion {
  readonly username: string;
  /** Of the token that the request came with; undefined for one that is bound to no pod. */
  readonly node: NodeName | undefined;
  readonly pod: PodUid | undefined;
  readonly usages: readonly string[];
  /** How long it should be valid; undefined leaves it to the signer. */
  readonly lifeMs: number | undefined;
  readonly createdAtMs: number;
  /** Undefined if the request is not of the one shape that proxies send, or not signed by its own key. */
  readonly spiffeId: string | undefined;
}

export interface SignerRules {
  readonly trustDomain: string;
  /** As the API server names the proxies' service account. */
  readonly proxyUsername: string;
}

export type SigningVerdict =
  | { readonly kind: "sign"; readonly app: AppName; readonly node: NodeName; readonly lifeMs: number }
  /** What is missing may be under way: looked at again, until then. */
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "deny"; readonly reason: SigningReasonName };

/** A day: long beside the twelve hours after which it is renewed, short beside the time until a stolen key is missed. */
export const CERTIFICATE_LIFE_MS = 24 * 3_600_000;
/** Kubernetes' own bound for a requested life. */
const LIFE_MS_MIN = 600_000;
/** The proxy may have seen its pod before the signer did. */
const PATIENCE_MS = 10_000;
export const CERTIFICATE_USAGES = ["digital signature", "client auth", "server auth"] as const;

export function signingVerdict(
  question: SigningQuestion,
  rules: SignerRules,
  { ledger, nowMs }: { readonly ledger: LedgerView; readonly nowMs: number },
): SigningVerdict {
  const { username, node, pod, spiffeId, usages, lifeMs = CERTIFICATE_LIFE_MS, createdAtMs } = question;
  if (username !== rules.proxyUsername) return deny("notAProxy");
  if (node === undefined || pod === undefined) return deny("noNode");
  if (spiffeId === undefined) return deny("malformedRequest");
  const app = appOfSpiffeId(spiffeId, rules.trustDomain);
  if (app === undefined) return deny("otherTrustDomain");
  if (!isSameSet(usages, CERTIFICATE_USAGES)) return deny("otherUsages");
  const account = ledger.node(node);
  const missing: SigningReasonName | undefined =
    account?.proxies.has(pod) !== true
      ? "unknownProxy"
      : hasPod(ledger, node, app)
        ? undefined
        : "appNotOnNode";
  if (missing !== undefined) {
    const untilMs = createdAtMs + PATIENCE_MS;
    return nowMs < untilMs ? { kind: "wait", untilMs } : deny(missing);
  }
  const bounded = Math.min(CERTIFICATE_LIFE_MS, Math.max(LIFE_MS_MIN, lifeMs));
  return { kind: "sign", app, node, lifeMs: bounded };
}

/** Bound there: a promise is not enough, since the pod may come to be somewhere else. */
function hasPod(ledger: LedgerView, node: NodeName, app: AppName): boolean {
  for (const { uid, app: occupantApp } of ledger.node(node)?.occupants.values() ?? []) {
    if (occupantApp === app && ledger.pod(uid)?.nodeName === node) return true;
  }
  return false;
}

function deny(reason: SigningReasonName): SigningVerdict {
  return { kind: "deny", reason };
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && other.every((element) => one.includes(element));
}
