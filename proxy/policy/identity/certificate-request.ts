// A certificate request (PKCS#10, RFC 2986) for one SPIFFE ID and a P-256 key. Its subject is empty, so the name of
// the app is an alternative name that must be understood (RFC 5280 §4.2.1.6).

import {
  bitString,
  contextConstructed,
  contextText,
  type Der,
  isTrue,
  objectIdentifier,
  octetString,
  sequence,
  set,
  smallInteger,
} from "./der.ts";

export interface CertificateRequestParts {
  readonly spiffeId: string;
  /** SubjectPublicKeyInfo of a P-256 key, DER. */
  readonly publicKey: Der;
  /** ECDSA with SHA-256 by that key, as DER. */
  readonly sign: (toBeSigned: Der) => Der;
}

/** @returns the request, DER. */
export function certificateRequest({ spiffeId, publicKey, sign }: CertificateRequestParts): Der {
  const names = sequence(contextText(URI_NAME, spiffeId));
  const extension = sequence(objectIdentifier(SUBJECT_ALTERNATIVE_NAME), isTrue, octetString(names));
  const attribute = sequence(objectIdentifier(EXTENSION_REQUEST), set(sequence(extension)));
  const toBeSigned = sequence(
    smallInteger(VERSION_1),
    NO_SUBJECT,
    publicKey,
    contextConstructed(0, attribute),
  );
  return sequence(toBeSigned, sequence(objectIdentifier(ECDSA_WITH_SHA256)), bitString(sign(toBeSigned)));
}

const VERSION_1 = 0;
const NO_SUBJECT = sequence();
/** uniformResourceIdentifier of GeneralName. */
const URI_NAME = 6;
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
