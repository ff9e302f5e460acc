import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import {
  bundleFacts,
  bundleOf,
  type CertificateBundle,
  dataOf,
  isEmptyBundle,
  signingAuthority,
  withAuthority,
} from "./certificate-bundle.ts";
import { makeAuthority, makeServingCertificate } from "./certificate-making.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW_MS = Date.UTC(2030, 0, 1);
const HOSTS = ["extender.berth-system.svc", "10.0.0.7", "fd00::7"];

const authority = await makeAuthority(NOW_MS);
const stranger = await makeAuthority(NOW_MS);
const serving = await makeServingCertificate({ authority, hosts: HOSTS, nowMs: NOW_MS });
const rsaKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

const BUNDLE: CertificateBundle = {
  authorities: authority.certificate,
  authorityKey: authority.key,
  certificate: serving.certificate,
  key: serving.key,
};

test("a bundle is written to a Secret's data and read from it", () => {
  const data = dataOf(BUNDLE);
  assert.deepEqual(Object.keys(data).sort(), ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
  assert.deepEqual(bundleOf({ ...data, note: "b3RoZXI=" }), BUNDLE);
  assert.equal(isEmptyBundle(bundleOf({})), true);
  assert.equal(isEmptyBundle(bundleOf({ "tls.key": "eA==" })), false);
});

test("an authority lasts ten years and what it signs one, both from a moment ago for clocks that are behind", () => {
  const { authority: ca, serving: leaf } = bundleFacts(BUNDLE, HOSTS);
  assert.ok(ca.kind === "usable" && leaf.kind === "usable");
  const notBeforeMs = NOW_MS - 5 * 60_000;
  assert.deepEqual(ca.validity, { notBeforeMs, notAfterMs: NOW_MS + 3_650 * DAY_MS });
  assert.deepEqual(leaf.validity, { notBeforeMs, notAfterMs: NOW_MS + 365 * DAY_MS });
});

test("an authority signs, a certificate serves, and neither does the other's work", () => {
  const [ca, leaf] = [new X509Certificate(authority.certificate), new X509Certificate(serving.certificate)];
  assert.deepEqual([ca.ca, leaf.ca], [true, false]);
  assert.deepEqual([ca.keyUsage, leaf.keyUsage], [undefined, ["1.3.6.1.5.5.7.3.1"]]);
  assert.equal(ca.subject, "CN=berth-scheduler-extender");
  // Critical basicConstraints: an authority, with no authority below it.
  assert.ok(ca.raw.includes(Buffer.from("0603551d130101ff040830060101ff020100", "hex")));
});

test("a certificate covers the names and addresses it was made for, IPv6 in any spelling, and no others", () => {
  const covers = (...hosts: readonly string[]): unknown => {
    const { serving } = bundleFacts(BUNDLE, hosts);
    return serving.kind === "usable" && serving.coversHosts;
  };
  assert.equal(covers(), true);
  assert.equal(covers(...HOSTS), true);
  assert.equal(covers("FD00:0::7"), true);
  for (const host of ["berth-system.svc", "x.extender.berth-system.svc", "10.0.0.8", "fd00::8"]) {
    assert.equal(covers(HOSTS[0] ?? "", host), false, host);
  }
});

test("a serving certificate is good for no longer than its authority", async () => {
  const old = await makeAuthority(NOW_MS - 3_600 * DAY_MS);
  const late = await makeServingCertificate({ authority: old, hosts: HOSTS, nowMs: NOW_MS });
  const bundle = { authorities: old.certificate, authorityKey: old.key, ...late };
  const facts = bundleFacts(bundle, HOSTS).serving;
  assert.ok(facts.kind === "usable");
  assert.equal(facts.validity.notAfterMs, NOW_MS + 50 * DAY_MS);
});

test("a serving certificate of an earlier authority is usable as long as that one is in the bundle", () => {
  const authorities = stranger.certificate + authority.certificate;
  const bundle = { ...BUNDLE, authorities, authorityKey: stranger.key };
  assert.equal(bundleFacts(bundle, HOSTS).serving.kind, "usable");
  assert.equal(signingAuthority(bundle), stranger.certificate);
});

const garbage = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
const padding = "\n".repeat(64 * 1024);

for (const [what, parts, faults] of [
  ["an empty bundle", bundleOf({}), { authority: "absent", serving: "absent" }],
  ["text that is no PEM", { certificate: "x" }, { serving: "malformed" }],
  ["PEM of no certificate", { certificate: garbage }, { serving: "malformed" }],
  ["a key where the certificate belongs", { certificate: serving.key }, { serving: "malformed" }],
  ["a certificate without its key", { key: "" }, { serving: "malformed" }],
  ["a key without its certificate", { certificate: "" }, { serving: "malformed" }],
  ["a certificate with another's key", { key: authority.key }, { serving: "keyDoesNotMatch" }],
  ["more text than a certificate has", { key: serving.key + padding }, { serving: "malformed" }],
  [
    "authorities that did not sign the certificate",
    { authorities: stranger.certificate, authorityKey: stranger.key },
    { serving: "unknownAuthority" },
  ],
  [
    "no authority's certificate",
    { authorities: "" },
    { authority: "malformed", serving: "unknownAuthority" },
  ],
  ["no authority's key", { authorityKey: "" }, { authority: "malformed" }],
  ["an authority with another's key", { authorityKey: serving.key }, { authority: "keyDoesNotMatch" }],
  ["an authority with a key of another type", { authorityKey: rsaKey }, { authority: "otherKeyType" }],
  [
    "a serving certificate in its authority's place",
    { authorities: serving.certificate, authorityKey: serving.key },
    { authority: "noAuthority", serving: "unknownAuthority" },
  ],
] as const) {
  test(`${what} is a fault`, () => {
    const facts = bundleFacts({ ...BUNDLE, ...parts }, HOSTS);
    const found = Object.fromEntries(
      Object.entries(facts).flatMap(([part, fact]) => (fact.kind === "fault" ? [[part, fact.fault]] : [])),
    );
    assert.deepEqual(found, faults);
  });
}

test("an authority joins those before it that are still valid, up to four", async () => {
  const ended = await makeAuthority(NOW_MS - 3_650 * DAY_MS);
  const before = [authority.certificate, ended.certificate, garbage, serving.certificate, "\n"].join("");
  const both = withAuthority(before, stranger.certificate, NOW_MS);
  assert.equal(both, stranger.certificate + authority.certificate);
  let many = "";
  for (let count = 0; count < 6; count++) many = withAuthority(many, authority.certificate, NOW_MS);
  assert.equal(many, authority.certificate.repeat(4));
});
