// A client's certificate, as kube-scheduler has one.

import { KeyObject, webcrypto } from "node:crypto";
import type { CertifiedKey } from "../shell/certificate-making.ts";

const KEYS = { name: "ECDSA", namedCurve: "P-256" };
const HOUR_MS = 3_600_000;

export async function makeClientCertificate(
  authority: CertifiedKey,
  { name, nowMs }: { readonly name: string; readonly nowMs: number },
): Promise<CertifiedKey> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const der = Buffer.from(authority.key.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "01",
    notBefore: new Date(nowMs - HOUR_MS),
    notAfter: new Date(nowMs + HOUR_MS),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    issuer: new x509.X509Certificate(authority.certificate).subject,
    subject: `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey("pkcs8", der, KEYS, false, ["sign"]),
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  const key = String(KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }));
  return { certificate: certificate.toString("pem"), key };
}
