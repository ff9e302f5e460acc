import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { settleUntil } from "#kube/settle.ts";
import { silentLogger } from "#runtime/logger.ts";
import { ServingCertificate, type TlsMaterial } from "#runtime/serving-certificate.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { makeAuthority, makeServingCertificate } from "./certificate-making.ts";

const LOOK_MS = 10_000;
const folder = mkdtempSync(join(tmpdir(), "berth-certificate-files-"));
const paths = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
const nowMs = Date.now();
const authority = await makeAuthority(nowMs);
const [first, second] = [await aMaterial(), await aMaterial()];

let clock: VirtualClock;
let adopted: TlsMaterial[];
let complaints: number;
let files: CertificateFiles;

after(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  clock = new VirtualClock();
  [adopted, complaints] = [[], 0];
  write(first);
  files = new CertificateFiles({
    paths,
    clock,
    logger: { ...silentLogger, error: () => void (complaints += 1) },
  });
  const certificate = new ServingCertificate(files.material);
  files.keep((material) => {
    certificate.replace(material);
    adopted.push(material);
  });
});

afterEach(() => files.stop());

async function aMaterial(): Promise<TlsMaterial> {
  const { certificate, key } = await makeServingCertificate({ authority, hosts: ["localhost"], nowMs });
  return { cert: certificate, key };
}

function write({ cert, key }: TlsMaterial): void {
  writeFileSync(paths.certFile, cert);
  writeFileSync(paths.keyFile, key);
}

/** One more look. */
async function look(): Promise<void> {
  await settleUntil(clock, () => clock.nextDueMs() !== undefined, 0);
  clock.advance(LOOK_MS);
  await settleUntil(clock, () => clock.nextDueMs() !== undefined, 0);
}

test("what the files hold is served with from the next look on, once", async () => {
  await look();
  assert.deepEqual(adopted, []);
  write(second);
  await look();
  await look();
  assert.deepEqual(adopted, [second]);
  write(first);
  await look();
  assert.deepEqual(adopted, [second, first]);
});

test("a pair that does not belong together, or is away, changes nothing, is told of once, and is read again", async () => {
  writeFileSync(paths.certFile, second.cert);
  await look();
  rmSync(paths.keyFile);
  await look();
  assert.deepEqual([adopted, complaints], [[], 1]);
  write(second);
  await look();
  assert.deepEqual(adopted, [second]);
});

test("files that cannot be read at the start are the user's to mend", () => {
  rmSync(paths.certFile);
  assert.throws(() => new CertificateFiles({ paths, clock, logger: silentLogger }), UsageError);
});

test("whoever stops looks no more", async () => {
  await files.stop();
  assert.equal(clock.nextDueMs(), undefined);
});
