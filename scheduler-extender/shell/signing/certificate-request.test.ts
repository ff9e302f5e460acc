import assert from "node:assert/strict";
import { test } from "node:test";
import { aCertificateRequest } from "../../testing/signing-request.ts";
import { readCertificateRequest } from "./certificate-request.ts";

const ID = "spiffe://cluster.local/ns/shop/app/cart";
const NAMES = [{ type: "url", value: ID }] as const;

test("a request for one identity is read, with its key", async () => {
  const asked = await readCertificateRequest(await aCertificateRequest({ names: NAMES }));
  assert.equal(asked?.spiffeId, ID);
  assert.equal(asked.publicKey.length, 91);
});

for (const [what, pem] of [
  [
    "a host's name beside it",
    aCertificateRequest({ names: [...NAMES, { type: "dns", value: "a.example" }] }),
  ],
  ["two identities", aCertificateRequest({ names: [...NAMES, { type: "url", value: `${ID}2` }] })],
  ["a host's name alone", aCertificateRequest({ names: [{ type: "dns", value: "kubernetes.default.svc" }] })],
  ["a subject", aCertificateRequest({ names: NAMES, subject: "CN=system:masters" })],
  [
    "a key of another curve",
    aCertificateRequest({ names: NAMES, algorithm: { name: "ECDSA", namedCurve: "P-384" } }),
  ],
  ["nothing", Promise.resolve("")],
  [
    "no request",
    Promise.resolve("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
  ],
  ["a request that was changed", changed()],
] as const) {
  test(`${what} is not read`, async () => {
    assert.equal(await readCertificateRequest(await pem), undefined);
  });
}

async function changed(): Promise<string> {
  const pem = await aCertificateRequest({ names: NAMES });
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  der.write("cars", der.indexOf("cart"));
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
}
