// Makes X.509 certificates with P-256 keys. The library is loaded only when one has to be made, which is once a year
// where no apps are certified: it takes 80 ms and 20 MB.

import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";
import { AUTHORITY_LIFE_MS, SERVING_LIFE_MS } from "../policy/certificate-renewal.ts";

/** A certificate and its private key (PKCS#8), both PEM. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed authority that signs end certificates and no further authorities; ten years unless said otherwise. */
export async function makeAuthority(
  nowMs: number,
  { name = AUTHORITY_NAME, lifeMs = AUTHORITY_LIFE_MS }: AuthorityOptions = {},
): Promise<CertifiedKey> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...commonFields(nowMs, lifeMs),
    name: `CN=${name}`,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      // Two authorities of one name stand in one bundle while one follows the other; clients tell them apart by this.
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await pemOfKey(keys.privateKey) };
}

export interface AuthorityOptions {
  readonly name?: string;
  readonly lifeMs?: number;
}

/**
 * An app's certificate: client's and server's, for its SPIFFE ID alone.
 *
 * @param options.publicKey SubjectPublicKeyInfo of its P-256 key, DER.
 * @returns PEM.
 */
export async function makeAppCertificate({
  authority,
  spiffeId,
  publicKey,
  nowMs,
  lifeMs,
}: AppCertificateOptions): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const key = new x509.PublicKey(publicKey);
  const certificate = await x509.X509CertificateGenerator.create({
    ...commonFields(nowMs, lifeMs),
    issuer: issuer.subject,
    // None: the app's name is in the extension, which has to be understood then.
    subject: "",
    publicKey: key,
    signingKey: await signingKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: spiffeId }], true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(key),
    ],
  });
  return pem(certificate);
}

export interface AppCertificateOptions {
  readonly authority: CertifiedKey;
  readonly spiffeId: string;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly nowMs: number;
  readonly lifeMs: number;
}

/** A server's certificate for the given DNS names and IP addresses; one year. */
export async function makeServingCertificate({
  authority,
  hosts,
  nowMs,
}: {
  readonly authority: CertifiedKey;
  readonly hosts: readonly string[];
  readonly nowMs: number;
}): Promise<CertifiedKey> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    ...commonFields(nowMs, SERVING_LIFE_MS),
    issuer: issuer.subject,
    // Another name than the authority's, so that nobody takes it for self-signed.
    subject: `CN=${AUTHORITY_NAME}-serving`,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await pemOfKey(keys.privateKey) };
}

const AUTHORITY_NAME = "berth-scheduler-extender";
const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" };
// 128 random bits, the most significant one clear: a serial number is positive.
const SERIAL_BYTES = 16;
/** Clients whose clock is behind by this much accept a fresh certificate. */
const CLOCK_SKEW_MS_MAX = 5 * 60_000;

export async function loadX509(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

function commonFields(nowMs: number, lifeMs: number): CommonFields {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = (serial.readUInt8() & 0x7f) | 0x40;
  return {
    serialNumber: serial.toString("hex"),
    notBefore: new Date(nowMs - CLOCK_SKEW_MS_MAX),
    notAfter: new Date(nowMs + lifeMs),
    signingAlgorithm: SIGNING_ALGORITHM,
  };
}

interface CommonFields {
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signingAlgorithm: typeof SIGNING_ALGORITHM;
}

async function signingKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(keyPem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, false, ["sign"]);
}

function pem(certificate: { toString(format: "pem"): string }): string {
  return `${certificate.toString("pem").trimEnd()}\n`;
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  return String(KeyObject.from(key).export({ type: "pkcs8", format: "pem" }));
}
