// What an instance knows of identities: its own, whom it trusts, and whom its app lets in.

import { ANYBODY, type CallerRules } from "#model/callers.ts";
import { DEFAULT_TRUST_DOMAIN } from "#model/spiffe-id.ts";

/**
 * off: no certificates. accept: callers may prove who they are, and nobody is asked to. use: what this node's apps send
 * to other nodes' proxies goes there only over mutual TLS.
 */
export const IDENTITY_MODES = ["off", "accept", "use"] as const;
export type IdentityMode = (typeof IDENTITY_MODES)[number];

export interface AppIdentity {
  readonly mode: IdentityMode;
  readonly trustDomain: string;
  readonly callers: CallerRules;
  /** Absent until the app is certified. */
  readonly material?: IdentityMaterial;
}

/** All of it PEM. */
export interface IdentityMaterial {
  readonly certificate: string;
  readonly key: string;
  readonly roots: string;
}

export const NO_IDENTITY: AppIdentity = { mode: "off", trustDomain: DEFAULT_TRUST_DOMAIN, callers: ANYBODY };
