// Asks the cluster for an app's certificate: a CertificateSigningRequest, and a look at it until it is answered. The key
// is made here and never leaves the process but to the app's own instance.

import { createPrivateKey, generateKeyPairSync, sign, X509Certificate } from "node:crypto";

import type { AppName } from "#model/brand.ts";
import { spiffeId } from "#model/spiffe-id.ts";
import {
  decodeSigningRequest,
  SIGNING_REQUESTS,
  signingRequestObject,
} from "#kube/certificate-signing-request.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { pause } from "#kube/pause.ts";
import { resourcePath } from "#kube/resource-path.ts";
import type { Clock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";

import { certificateRequest } from "../../policy/identity/certificate-request.ts";

export interface CertificateClientOptions {
  readonly connection: Pick<KubeConnection, "request">;
  readonly trustDomain: string;
  readonly clock: Clock;
}

/** PEM. */
export interface CertifiedAppKey {
  readonly certificate: string;
  readonly key: string;
}

const USAGES = ["digital signature", "client auth", "server auth"];
const LIFE_MS = 24 * 3_600_000;
/** The signer answers in well under a second; looks come less often the longer it takes. */
const LOOK_FIRST_MS = 100;
const LOOK_MS_MAX = 2_000;
const ANSWER_MS_MAX = 60_000;

export class CertificateClient {
  readonly #options: CertificateClientOptions;

  constructor(options: CertificateClientOptions) {
    this.#options = options;
  }

  /**
   * A new key and its certificate.
   *
   * @throws OperationError CertificateRefused, CertificateLate, or what the API server says.
   */
  async certify(app: AppName, signal: AbortSignal): Promise<CertifiedAppKey> {
    const { connection, clock } = this.#options;
    const id = spiffeId(this.#options.trustDomain, app);
    const { pem, key } = newRequest(id);
    const object = signingRequestObject({ pem, usages: USAGES, lifeMs: LIFE_MS });
    const { name } = decoded(
      await connection.request({ method: "POST", path: resourcePath(SIGNING_REQUESTS), body: object }),
    );
    const deadlineMs = clock.nowMs() + ANSWER_MS_MAX;
    for (let lookMs = LOOK_FIRST_MS; clock.nowMs() < deadlineMs; lookMs = Math.min(LOOK_MS_MAX, 2 * lookMs)) {
      await pause(clock, lookMs, signal);
      if (signal.aborted) throw new OperationError("CertificateLate", "the proxy is ending");
      const { state, refusal, certificate } = decoded(
        await connection.request({ method: "GET", path: resourcePath({ ...SIGNING_REQUESTS, name }) }),
      );
      if (state === "denied" || state === "failed")
        throw new OperationError("CertificateRefused", `${name}: ${refusal ?? state}`);
      if (state === "issued") return checked({ certificate, key }, id);
    }
    throw new OperationError("CertificateLate", `${name} was not answered within ${ANSWER_MS_MAX / 1_000} s`);
  }
}

function newRequest(id: string): { readonly pem: string; readonly key: string } {
  // Some tenths of a millisecond, on the main thread: no thread pool, which every app's instance would share.
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = certificateRequest({
    spiffeId: id,
    publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    sign: (bytes) => new Uint8Array(sign("sha256", bytes, privateKey)),
  });
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return {
    pem: `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`,
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

/** A certificate for something else would fail at every peer, without saying why. */
function checked(certified: CertifiedAppKey, id: string): CertifiedAppKey {
  const certificate = new X509Certificate(certified.certificate);
  const isOurs = certificate.checkPrivateKey(createPrivateKey(certified.key));
  if (isOurs && certificate.subjectAltName === `URI:${id}`) return certified;
  throw new OperationError(
    "CertificateRefused",
    `the certificate that was issued is not for ${id} and its key`,
  );
}

function decoded(raw: unknown): ReturnType<typeof decodeSigningRequest> {
  try {
    return decodeSigningRequest(raw);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new OperationError("CertificateRefused", error.message, { cause: error });
  }
}
