// What the extender's Secret holds, all of it PEM: ca.crt (authorities that clients trust, the one that signs first),
// ca.key (the key of that one), tls.crt and tls.key (what the server presents).

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type {
  AuthorityFacts,
  BundleFacts,
  CertificateFault,
  ServingFacts,
  Validity,
} from "../policy/certificate-renewal.ts";

/** PEM texts; empty where the Secret has none. */
export interface CertificateBundle {
  readonly authorities: string;
  readonly authorityKey: string;
  readonly certificate: string;
  readonly key: string;
}

/** A Secret's `data`: base64 by key. */
export type SecretData = Readonly<Record<string, string>>;

/** Ours are below 2 kB each; the API server keeps a whole Secret below 1 MiB. What is longer counts as malformed. */
const PEM_CHARACTERS_MAX = 64 * 1024;
/** The one that signs and one predecessor; the rest is room for keys that were lost. Older ones are left out. */
const AUTHORITIES_MAX = 4;

const KEY_NAMES = {
  authorities: "ca.crt",
  authorityKey: "ca.key",
  certificate: "tls.crt",
  key: "tls.key",
} as const satisfies Record<keyof CertificateBundle, string>;

export function bundleOf(data: SecretData): CertificateBundle {
  const text = (field: keyof CertificateBundle): string =>
    Buffer.from(data[KEY_NAMES[field]] ?? "", "base64").toString("utf8");
  return {
    authorities: text("authorities"),
    authorityKey: text("authorityKey"),
    certificate: text("certificate"),
    key: text("key"),
  };
}

export function dataOf(bundle: CertificateBundle): SecretData {
  const entries = Object.entries(KEY_NAMES) as [keyof CertificateBundle, string][];
  return Object.fromEntries(
    entries.map(([field, name]) => [name, Buffer.from(bundle[field]).toString("base64")]),
  );
}

export function isEmptyBundle(bundle: CertificateBundle): boolean {
  return Object.values(bundle).every((text) => text.trim() === "");
}

/** What decides about renewal. `hosts` are those that the serving certificate should be good for. */
export function bundleFacts(bundle: CertificateBundle, hosts: readonly string[]): BundleFacts {
  return { authority: authorityFacts(bundle), serving: servingFacts(bundle, hosts) };
}

/** `ca.crt` with a new authority first: the others stay as long as they are valid, so that their clients go on. */
export function withAuthority(authorities: string, authority: string, nowMs: number): string {
  const others = certificatesOf(authorities).filter(
    (certificate) => certificate.ca && certificate.validToDate.getTime() > nowMs,
  );
  return [authority, ...others.slice(0, AUTHORITIES_MAX - 1).map(String)].join("");
}

/** The certificate of `ca.crt` that signs, PEM. */
export function signingAuthority({ authorities }: CertificateBundle): string {
  return String(certificatesOf(authorities)[0] ?? "");
}

function authorityFacts({ authorities, authorityKey }: CertificateBundle): AuthorityFacts {
  if (authorities.trim() === "" && authorityKey.trim() === "") return fault("absent");
  const [certificate] = certificatesOf(authorities);
  const key = keyOf(authorityKey);
  if (certificate === undefined || key === undefined) return fault("malformed");
  if (!certificate.ca) return fault("noAuthority");
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return fault("otherKeyType");
  if (!certificate.checkPrivateKey(key)) return fault("keyDoesNotMatch");
  return { kind: "usable", validity: validityOf(certificate) };
}

function servingFacts(bundle: CertificateBundle, hosts: readonly string[]): ServingFacts {
  if (bundle.certificate.trim() === "" && bundle.key.trim() === "") return fault("absent");
  const [certificate] = certificatesOf(bundle.certificate);
  const key = keyOf(bundle.key);
  if (certificate === undefined || key === undefined) return fault("malformed");
  if (!certificate.checkPrivateKey(key)) return fault("keyDoesNotMatch");
  const issuer = certificatesOf(bundle.authorities).find(
    (authority) => authority.ca && certificate.verify(authority.publicKey),
  );
  if (issuer === undefined) return fault("unknownAuthority");
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  return {
    kind: "usable",
    validity: { notBeforeMs, notAfterMs: Math.min(notAfterMs, validityOf(issuer).notAfterMs) },
    coversHosts: hosts.every((host) => covers(certificate, host)),
  };
}

function covers(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { subject: "never", wildcards: false }) !== undefined;
}

function fault(fault: CertificateFault): { readonly kind: "fault"; readonly fault: CertificateFault } {
  return { kind: "fault", fault };
}

function validityOf({ validFromDate, validToDate }: X509Certificate): Validity {
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

// Blocks that are no certificate are left out: whoever looks for one finds none.
function certificatesOf(pem: string): readonly X509Certificate[] {
  if (pem.length > PEM_CHARACTERS_MAX) return [];
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function keyOf(pem: string): KeyObject | undefined {
  if (pem.length > PEM_CHARACTERS_MAX) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    // The caller calls it malformed.
    return undefined;
  }
}
