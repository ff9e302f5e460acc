// An app's name on the wire: a SPIFFE ID, as certificates carry it (SPIFFE-ID and X.509-SVID standards). The app is what
// shares an instance, so the app and not the service account is what has an identity.

import { appName, splitAppName } from "./app.ts";
import type { AppName } from "./brand.ts";

/** The standard's bound, in bytes. */
const TRUST_DOMAIN_LENGTH_MAX = 255;
const TRUST_DOMAIN = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/;
/** A namespace's name, and a label's value. */
const PATH =
  /^\/ns\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/app\/([A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)$/;
const SCHEME = "spiffe://";

export const DEFAULT_TRUST_DOMAIN = "cluster.local";

export function isTrustDomain(text: string): boolean {
  return text.length <= TRUST_DOMAIN_LENGTH_MAX && TRUST_DOMAIN.test(text);
}

export function spiffeId(trustDomain: string, app: AppName): string {
  const { namespace, name } = splitAppName(app);
  return `${SCHEME}${trustDomain}/ns/${namespace}/app/${name}`;
}

/** @returns undefined for what is no app of that trust domain. */
export function appOfSpiffeId(text: string, trustDomain: string): AppName | undefined {
  const start = SCHEME + trustDomain;
  if (!text.startsWith(start)) return undefined;
  const [, namespace, name] = PATH.exec(text.slice(start.length)) ?? [];
  return namespace === undefined || name === undefined ? undefined : appName(namespace, name);
}
