// Who may call an app, as its profile says it: by the callers' identities. Without a word on it anybody may.

import { appName, splitAppName } from "./app.ts";
import type { AppName } from "./brand.ts";

export interface CallerRules {
  /** Undefined: every app; otherwise these and nobody else. */
  readonly allowed?: readonly AllowedCaller[];
  /** Whether whoever shows no identity is let in: pods of nodes without Berth, and whatever is outside the mesh. */
  readonly withoutIdentity: "allow" | "refuse";
}

/** One app, or with `*` all of a namespace, or all there are. */
export type AllowedCaller =
  | { readonly kind: "app"; readonly app: AppName }
  | { readonly kind: "namespace"; readonly namespace: string }
  | { readonly kind: "any" };

export const ANYBODY: CallerRules = { withoutIdentity: "allow" };

// `namespace/name`, `namespace/*`, or a star for both.
const CALLER =
  /^(?:\*\/\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/(?:\*|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?))$/;

export const CALLER_PATTERN: string = CALLER.source;

/** @returns undefined for a text that says nobody. */
export function allowedCaller(text: string): AllowedCaller | undefined {
  if (!CALLER.test(text)) return undefined;
  if (text === "*/*") return { kind: "any" };
  const [namespace = "", name = ""] = text.split("/");
  return name === "*" ? { kind: "namespace", namespace } : { kind: "app", app: appName(namespace, name) };
}

export function isAllowed(caller: AppName, { allowed }: CallerRules): boolean {
  if (allowed === undefined) return true;
  const { namespace } = splitAppName(caller);
  return allowed.some((rule) => {
    if (rule.kind === "any") return true;
    return rule.kind === "app" ? rule.app === caller : rule.namespace === namespace;
  });
}
