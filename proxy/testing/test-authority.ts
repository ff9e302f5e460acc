// An authority of the mesh for tests: certifies apps as the signer does.

import { generateKeyPairSync } from "node:crypto";

import type { AppName } from "#model/brand.ts";
import { spiffeId } from "#model/spiffe-id.ts";
import {
  type CertifiedKey,
  makeAppCertificate,
  makeAuthority,
} from "#scheduler-extender/shell/certificate-making.ts";

import type { IdentityMaterial } from "../shell/identity/app-identity.ts";

const HOUR_MS = 3_600_000;

export class TestAuthority {
  readonly #authority: CertifiedKey;

  static async make(): Promise<TestAuthority> {
    return new TestAuthority(await makeAuthority(Date.now(), { name: "berth-mesh" }));
  }

  private constructor(authority: CertifiedKey) {
    this.#authority = authority;
  }

  get root(): string {
    return this.#authority.certificate;
  }

  /** @param options.roots whom the app trusts; this authority unless said otherwise. */
  async certify(
    app: string,
    { nowMs = Date.now(), lifeMs = HOUR_MS, roots = this.root, trustDomain = "cluster.local" } = {},
  ): Promise<IdentityMaterial> {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const certificate = await makeAppCertificate({
      authority: this.#authority,
      spiffeId: spiffeId(trustDomain, app as AppName),
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      nowMs,
      lifeMs,
    });
    return { certificate, key: String(privateKey.export({ type: "pkcs8", format: "pem" })), roots };
  }
}
