// CertificateSigningRequests: what the mesh's signer and the proxies that ask it rely on.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import {
  decodeSigningRequest,
  MESH_SIGNER,
  signingRequestObject,
} from "#kube/certificate-signing-request.ts";
import { certificateRequest } from "#proxy/policy/identity/certificate-request.ts";
import { type ContractApi, MERGE_PATCH, type Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";

const COLLECTION = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const USAGES = ["digital signature", "client auth", "server auth"];
/** Self-signed, its key thrown away: who signed it is not the API server's business. */
const SOME_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUcE4V6S6FlDUXv4i6VKC6qw7IwVAwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIY29udHJhY3QwHhcNMjYxMTIzMDM1MzAyWhcNMzYxMTIwMDM1
MzAyWjATMREwDwYDVQQDDAhjb250cmFjdDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABJTUpN2dj6B3DshS8eIaWETUnG9WQHDA0iGh+aSA6V3qUsmN0WOpk9jiBM0L
OCLK1JBt9WdkL7DCMgOW8bZXkvGjUzBRMB0GA1UdDgQWBBS8I6a46FJmlMHZ5O65
uo1x0QX8VjAfBgNVHSMEGDAWgBS8I6a46FJmlMHZ5O65uo1x0QX8VjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIATGZRfXt88b28zHqNsLfNnq5r6+
zIbZSigtB2yvuojrAiEA23dJMzkht9fpqsZsJKBEwedYvNOri1deKRhe3oGi6Sg=
-----END CERTIFICATE-----
`;

export function signingCases(api: Api): void {
  const created = async (overrides: Wire = {}): Promise<Wire> => {
    const object = signingRequestObject({ pem: aRequest(), usages: USAGES, lifeMs: 86_400_000 });
    const { code, body } = await api().post(COLLECTION, { ...object, ...overrides });
    assert.equal(code, 201, JSON.stringify(body));
    return body;
  };
  const at = (request: Wire, subresource: string): string =>
    `${COLLECTION}/${request.metadata.name}/${subresource}`;
  const approval = {
    status: { conditions: [{ type: "Approved", status: "True", reason: "Case", message: "" }] },
  };

  describe("signing", () => {
    test("a new request keeps what was asked for, has a made-up name, and is pending whatever it says", async () => {
      const request = decodeSigningRequest(await created({ status: { certificate: "Zm9v" } }));
      assert.match(request.name, /^berth-mesh-app-.+/);
      assert.match(request.request, /^-----BEGIN CERTIFICATE REQUEST-----/);
      assert.deepEqual([request.state, request.certificate, request.lifeMs], ["pending", "", 86_400_000]);
      assert.deepEqual(request.usages, USAGES);
    });

    test("requests are listed by their signer", async () => {
      const { metadata } = await created();
      const named = async (signer: string): Promise<readonly string[]> => {
        const query = `fieldSelector=${encodeURIComponent(`spec.signerName=${signer}`)}`;
        const { code, body } = await api().get(`${COLLECTION}?${query}`);
        assert.equal(code, 200);
        return (body.items as readonly Wire[]).map((item) => item.metadata.name as string);
      };
      assert.ok((await named(MESH_SIGNER)).includes(metadata.name));
      assert.ok(!(await named("berth.dev/another")).includes(metadata.name));
    });

    test("an approval is written apart, and the certificate beside it without undoing it", async () => {
      const request = await created();
      const { code } = await merged(api(), at(request, "approval"), approval);
      assert.equal(code, 200);
      const certificate = Buffer.from(SOME_CERTIFICATE).toString("base64");
      const issued = await merged(api(), at(request, "status"), { status: { certificate } });
      assert.equal(issued.code, 200, JSON.stringify(issued.body));
      const { body } = await api().get(`${COLLECTION}/${request.metadata.name}`);
      const decoded = decodeSigningRequest(body);
      assert.equal(decoded.state, "issued");
      assert.equal(decoded.certificate, SOME_CERTIFICATE);
      assert.equal(decoded.conditions.length, 1);
    });

    test("what is approved cannot be denied as well, and can fail", async () => {
      const request = await created();
      await merged(api(), at(request, "approval"), approval);
      const denied = { type: "Denied", status: "True", reason: "Case", message: "" };
      const conditions = [...approval.status.conditions, denied];
      assert.equal((await merged(api(), at(request, "approval"), { status: { conditions } })).code, 422);
      const failed = { type: "Failed", status: "True", reason: "Case", message: "why" };
      const both = { status: { conditions: [...approval.status.conditions, failed] } };
      assert.equal((await merged(api(), at(request, "status"), both)).code, 200);
      const { body } = await api().get(`${COLLECTION}/${request.metadata.name}`);
      assert.deepEqual(
        [decodeSigningRequest(body).state, decodeSigningRequest(body).refusal],
        ["failed", "Case: why"],
      );
    });

    test("who approves cannot slip a certificate in, nor change what was asked for", async () => {
      const request = await created();
      const certificate = Buffer.from(SOME_CERTIFICATE).toString("base64");
      await merged(api(), at(request, "approval"), {
        spec: { signerName: "berth.dev/another" },
        status: { certificate },
      });
      const { body } = await api().get(`${COLLECTION}/${request.metadata.name}`);
      assert.equal(decodeSigningRequest(body).certificate, "");
      assert.equal(body.spec.signerName, MESH_SIGNER);
    });

    test("a write to another object of that name is refused by its uid", async () => {
      const request = await created();
      const metadata = { uid: "00000000-0000-4000-8000-000000000009" };
      const { code } = await merged(api(), at(request, "approval"), { metadata, ...approval });
      assert.ok(code === 409 || code === 422, String(code));
    });
  });
}

function merged(api: ContractApi, path: string, body: Wire): ReturnType<ContractApi["patch"]> {
  return api.patch(path, MERGE_PATCH, body);
}

function aRequest(): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = certificateRequest({
    spiffeId: "spiffe://cluster.local/ns/shop/app/cart",
    publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    sign: (bytes) => new Uint8Array(sign("sha256", bytes, privateKey)),
  });
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}
