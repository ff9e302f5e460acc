import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { certificateHosts } from "./certificate-hosts.ts";

test("without a list the certificate is for the Service of its namespace, and for the machine itself", () => {
  assert.deepEqual(certificateHosts(undefined, "mesh"), [
    "berth-scheduler-extender.mesh.svc",
    "berth-scheduler-extender.mesh.svc.cluster.local",
    "berth-scheduler-extender.mesh",
    "berth-scheduler-extender",
    "localhost",
    "127.0.0.1",
    "::1",
  ]);
});

test("a list replaces them", () => {
  assert.deepEqual(certificateHosts("Extender.Example, 10.0.0.7,fd00::7,10.0.0.7,", "mesh"), [
    "extender.example",
    "10.0.0.7",
    "fd00::7",
  ]);
});

test("what is neither a name nor an address is the user's to mend", () => {
  for (const text of [
    "*.example",
    "ex ample",
    "https://example",
    "fe80::1%eth0",
    "-a",
    "a..b",
    "a".repeat(254),
  ]) {
    assert.throws(
      () => certificateHosts(`good.example,${text}`, "mesh"),
      (error) => error instanceof UsageError && error.message.includes(`"${text}"`),
    );
  }
  const many = Array.from({ length: 65 }, (_, index) => `h${index}`).join(",");
  for (const text of ["", " , ", many]) {
    assert.throws(() => certificateHosts(text, "mesh"), /--tls-hosts takes 1 to 64 names/);
  }
});
