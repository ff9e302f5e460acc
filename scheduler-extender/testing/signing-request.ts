// A proxy's request for an app's certificate, as the API server stores it.

import { webcrypto } from "node:crypto";
import { signingRequestObject } from "#kube/certificate-signing-request.ts";
import { CERTIFICATE_LIFE_MS, CERTIFICATE_USAGES } from "../policy/signing/signing-verdict.ts";

export interface SigningRequestOptions {
  readonly name: string;
  readonly names?: readonly { readonly type: "url" | "dns"; readonly value: string }[];
  readonly subject?: string;
  readonly username?: string;
  readonly node?: string;
  readonly pod?: string;
  readonly usages?: readonly string[];
}

const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** Made with a library that the signer's own side of the wire is not made of. */
export async function aSigningRequest({
  name,
  names = [{ type: "url", value: "spiffe://cluster.local/ns/shop/app/cart" }],
  subject = "",
  username = "system:serviceaccount:berth-system:berth-proxy",
  node = "node-1",
  pod = "uid-of-proxy-on-node-1",
  usages = CERTIFICATE_USAGES,
}: SigningRequestOptions): Promise<object> {
  const pem = await aCertificateRequest({ names, subject });
  const object = signingRequestObject({ pem, usages, lifeMs: CERTIFICATE_LIFE_MS }) as {
    readonly spec: object;
  };
  const extra = {
    "authentication.kubernetes.io/node-name": [node],
    "authentication.kubernetes.io/pod-uid": [pod],
  };
  return { ...object, metadata: { name }, spec: { ...object.spec, username, extra } };
}

export async function aCertificateRequest({
  names,
  subject = "",
  algorithm = P256,
}: {
  readonly names: NonNullable<SigningRequestOptions["names"]>;
  readonly subject?: string;
  readonly algorithm?: { readonly name: string; readonly namedCurve: string };
}): Promise<string> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [new x509.SubjectAlternativeNameExtension([...names], true)],
  });
  return request.toString("pem");
}
