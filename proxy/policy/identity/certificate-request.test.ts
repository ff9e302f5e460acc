import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { certificateRequest } from "./certificate-request.ts";
import { objectIdentifier, octetString } from "./der.ts";

await import("reflect-metadata");
const { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } = await import("@peculiar/x509");

function request(spiffeId: string): InstanceType<typeof Pkcs10CertificateRequest> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return new Pkcs10CertificateRequest(
    certificateRequest({
      spiffeId,
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      sign: (bytes) => new Uint8Array(sign("sha256", bytes, privateKey)),
    }),
  );
}

test("another library reads the request: its key signed it, and it asks for one identity and nothing else", async () => {
  for (const id of [
    "spiffe://cluster.local/ns/shop/app/cart",
    `spiffe://${"long.".repeat(45)}org/ns/a/app/b`,
  ]) {
    const read = request(id);
    assert.ok(await read.verify());
    assert.equal(read.subject, "");
    const [extension, ...others] = [...read.extensions];
    assert.ok(extension instanceof SubjectAlternativeNameExtension && extension.critical);
    assert.deepEqual(others, []);
    assert.deepEqual(extension.names.toJSON(), [{ type: "url", value: id }]);
  }
});

test("a request that was changed on its way is told", async () => {
  const read = request("spiffe://cluster.local/ns/shop/app/cart");
  const bytes = new Uint8Array(read.rawData);
  const at = Buffer.from(bytes).indexOf("cart");
  bytes.set(Buffer.from("cars"), at);
  assert.ok(!(await new Pkcs10CertificateRequest(bytes).verify()));
});

test("numbers above 127 take several octets, and contents above 127 bytes a longer length", () => {
  assert.deepEqual([...objectIdentifier("1.2.840.113549")], [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
  assert.deepEqual([...octetString(new Uint8Array(128)).subarray(0, 3)], [4, 0x81, 128]);
  assert.deepEqual([...octetString(new Uint8Array(300)).subarray(0, 4)], [4, 0x82, 1, 44]);
});
