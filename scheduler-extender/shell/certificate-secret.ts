// The Secret with the extender's certificates: read, and made whole where something is missing or due. Every replica may
// do it: the API server's resourceVersion check lets one of them win, and the others take what it wrote.

import { isConflict, isNotFound, KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { isRenewal, type RenewalPlan, renewalPlan } from "../policy/certificate-renewal.ts";
import {
  bundleFacts,
  bundleOf,
  type CertificateBundle,
  dataOf,
  isEmptyBundle,
  type SecretData,
  signingAuthority,
  withAuthority,
} from "./certificate-bundle.ts";
import { type CertifiedKey, makeAuthority, makeServingCertificate } from "./certificate-making.ts";

export interface CertificateSecretOptions {
  readonly connection: Pick<KubeConnection, "request">;
  readonly namespace: string;
  readonly name: string;
  /** DNS names and IP addresses that a certificate made here is for. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

const SECRETS: ResourceKind = { version: "v1", resource: "secrets" };
/** A race is lost once per other replica at most, and the winner leaves nothing to do. */
const ATTEMPTS_MAX = 5;
/** One object, there and back. */
const REQUEST_MS_MAX = 5_000;
/** On a Secret that Berth has filled. What stands in one without it is somebody else's, and is never written over. */
const OWNER_ANNOTATION = "berth.dev/certificates-of";
const OWNER = "scheduler-extender";

export class CertificateSecret {
  readonly #options: CertificateSecretOptions;

  constructor(options: CertificateSecretOptions) {
    this.#options = options;
  }

  /**
   * The bundle to serve with, after making what was missing or due.
   *
   * @param requiredHosts what a certificate that is there must be good for, to be kept.
   * @throws UsageError if there is no such Secret, it may not be used, or it holds what Berth has not made;
   *   OperationError if the API server does not answer, or others keep writing.
   */
  async bundle(requiredHosts: readonly string[]): Promise<CertificateBundle> {
    const { clock } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const secret = await this.#read();
      const present = bundleOf(secret.data ?? {});
      const plan = renewalPlan(bundleFacts(present, requiredHosts), clock.nowMs());
      if (!isRenewal(plan)) return present;
      this.#checkOwner(secret, present);
      this.#report(plan);
      const next = await this.#renewed(present, plan);
      if (await this.#write(secret, next)) return next;
    }
    throw new OperationError("CertificateContended", `others keep writing ${this.#what}`);
  }

  async #read(): Promise<RawSecret> {
    try {
      return (await this.#request("GET")) as RawSecret;
    } catch (error) {
      if (isNotFound(error)) {
        throw new UsageError(
          `there is no ${this.#what}; create an empty one (kubectl create secret generic), or install manifests/base`,
          { cause: error },
        );
      }
      throw this.#explained(error, "get");
    }
  }

  /** False if somebody else has written it since it was read. */
  async #write(secret: RawSecret, bundle: CertificateBundle): Promise<boolean> {
    const annotations = { ...secret.metadata.annotations, [OWNER_ANNOTATION]: OWNER };
    const metadata = { ...secret.metadata, annotations };
    try {
      await this.#request("PUT", { ...secret, metadata, data: { ...secret.data, ...dataOf(bundle) } });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw this.#explained(error, "update");
    }
  }

  async #renewed(present: CertificateBundle, plan: RenewalPlan): Promise<CertificateBundle> {
    const { clock, hosts } = this.#options;
    const nowMs = clock.nowMs();
    const made = plan.authority === undefined ? undefined : await makeAuthority(nowMs);
    const outgoing: CertifiedKey = { certificate: signingAuthority(present), key: present.authorityKey };
    const signer = plan.serving?.signer === "new" && made !== undefined ? made : outgoing;
    const serving =
      plan.serving === undefined
        ? { certificate: present.certificate, key: present.key }
        : await makeServingCertificate({ authority: signer, hosts, nowMs });
    return {
      authorities:
        made === undefined
          ? present.authorities
          : withAuthority(present.authorities, made.certificate, nowMs),
      authorityKey: made?.key ?? present.authorityKey,
      ...serving,
    };
  }

  #checkOwner({ metadata }: RawSecret, present: CertificateBundle): void {
    if (isEmptyBundle(present) || metadata.annotations?.[OWNER_ANNOTATION] === OWNER) return;
    throw new UsageError(
      `${this.#what} holds a certificate that Berth did not make and cannot serve with: empty it or name another one, ` +
        "or give files with --tls-cert-file and --tls-key-file",
    );
  }

  #report({ authority, serving }: RenewalPlan): void {
    const { logger, namespace, name: secret } = this.#options;
    const reasons = { authority, serving: serving?.reason };
    const isExpected = Object.values(reasons).every(
      (reason) => reason === undefined || EXPECTED_REASONS.has(reason),
    );
    // Whatever is written over, somebody may miss.
    if (isExpected) logger.info({ namespace, secret, ...reasons }, "making certificates");
    else logger.warn({ namespace, secret, ...reasons }, "replacing certificates that cannot be used");
  }

  #request(method: "GET" | "PUT", body?: unknown): Promise<unknown> {
    const { connection, namespace, name } = this.#options;
    const path = resourcePath({ ...SECRETS, namespace, name });
    return connection.request({ method, path, body, timeoutMs: REQUEST_MS_MAX });
  }

  #explained(error: unknown, verb: string): unknown {
    if (!(error instanceof KubeApiError) || error.status !== 403) return error;
    return new UsageError(
      `no right to ${verb} ${this.#what}: ${error.message}; see manifests/base for the Role`,
      {
        cause: error,
      },
    );
  }

  get #what(): string {
    return `Secret ${this.#options.namespace}/${this.#options.name}`;
  }
}

const EXPECTED_REASONS: ReadonlySet<string> = new Set(["absent", "ending", "otherHosts", "authorityEnding"]);

/** As read; what is not here goes back as it came. */
interface RawSecret {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: SecretData;
}
