// Reads the certificate request that a proxy sends. Whatever has more in it than a proxy puts there is not one.

import { loadX509 } from "../certificate-making.ts";

export interface AskedIdentity {
  readonly spiffeId: string;
  /** SubjectPublicKeyInfo of a P-256 key, DER. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** @returns undefined for anything but a request for one URI with a P-256 key that signed it. */
export async function readCertificateRequest(pem: string): Promise<AskedIdentity | undefined> {
  const x509 = await loadX509();
  try {
    const request = new x509.Pkcs10CertificateRequest(pem);
    const { publicKey, subject } = request;
    const [names, ...others] = request.extensions;
    if (others.length > 0 || !(names instanceof x509.SubjectAlternativeNameExtension)) return undefined;
    const [name, ...otherNames] = names.names.items;
    if (name?.type !== "url" || otherNames.length > 0) return undefined;
    if (subject !== "" || !isP256(publicKey.algorithm) || !(await request.verify())) return undefined;
    return { spiffeId: name.value, publicKey: new Uint8Array(publicKey.rawData) };
  } catch {
    // The caller refuses it as malformed: the library throws whatever the parser came upon.
    return undefined;
  }
}

function isP256(algorithm: { readonly name: string; readonly namedCurve?: string }): boolean {
  return algorithm.name === "ECDSA" && algorithm.namedCurve === "P-256";
}
