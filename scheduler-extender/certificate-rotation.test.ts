// The extender's certificate is exchanged under load, of its own making and from files, and no call fails.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { KubeConnection } from "#kube/connection.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { ServingCertificate, type TlsMaterial } from "#runtime/serving-certificate.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { AUTHORITY_LIFE_MS } from "./policy/certificate-renewal.ts";
import { CertificateFiles } from "./shell/certificate-files.ts";
import { CertificateKeeper } from "./shell/certificate-keeper.ts";
import { makeAuthority, makeServingCertificate } from "./shell/certificate-making.ts";
import { type CallCounts, callSteadily } from "./testing/steady-callers.ts";

const ROTATIONS = 12;
const CALLS_BETWEEN = 24;
const DAY_MS = 86_400_000;
const HOST = "localhost";
const NAMESPACE = "berth-system";
const SECRET = { namespace: NAMESPACE, name: "berth-scheduler-extender-tls" };

let clock: VirtualClock;
let server: FastifyInstance;
let cleanUps: (() => Promise<unknown> | void)[];

beforeEach(() => {
  clock = new VirtualClock(Date.now());
  cleanUps = [];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
});

/** The calls of a whole series of exchanges; `rotate` brings about one. */
async function underLoad(
  certificate: ServingCertificate,
  ca: () => string,
  rotate: (round: number) => Promise<void>,
  rounds = ROTATIONS,
): Promise<CallCounts> {
  server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger, certificate });
  server.post("/filter", async () => ({}));
  const url = await listen(server, { host: "127.0.0.1", port: 0 });
  cleanUps.push(() => server.close());
  const callers = { url: `${url}/filter`, servername: HOST, ca, keeping: 3, connecting: 3 };
  return callSteadily(callers, async (sofar) => {
    for (let round = 0; round < rounds; round++) {
      await furtherCalls(sofar);
      await rotate(round);
    }
    await furtherCalls(sofar);
  });
}

async function furtherCalls(sofar: () => number): Promise<void> {
  const enough = sofar() + CALLS_BETWEEN;
  await turnsUntil(() => sofar() >= enough);
}

/** Far more than any of this takes: what does not come ends the test instead of holding it up. */
const TURNS_MAX = 1_000_000;

async function turnsUntil(isThere: () => boolean): Promise<void> {
  for (let turn = 0; !isThere(); turn++) {
    assert.ok(turn < TURNS_MAX, `did not come: ${isThere.toString()}`);
    await setImmediate();
  }
}

/** Has whoever keeps the certificate look again, until `isThere`. */
async function looked(lookMs: number, isThere: () => boolean): Promise<void> {
  await turnsUntil(() => clock.nextDueMs() !== undefined);
  clock.advance(lookMs);
  await turnsUntil(isThere);
}

test("a certificate from files is exchanged a dozen times under load without a failed call, on kept connections and new ones", async (t) => {
  const authority = await makeAuthority(Date.now());
  const folder = mkdtempSync(join(tmpdir(), "berth-rotation-"));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const paths = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  const issue = async (): Promise<void> => {
    const { certificate, key } = await makeServingCertificate({
      authority,
      hosts: [HOST],
      nowMs: Date.now(),
    });
    writeFileSync(paths.certFile, certificate);
    writeFileSync(paths.keyFile, key);
  };
  await issue();
  const files = new CertificateFiles({ paths, clock, logger: silentLogger });
  const certificate = new ServingCertificate(files.material);
  let adopted = 0;
  files.keep((material) => {
    certificate.replace(material);
    adopted += 1;
  });
  cleanUps.push(() => files.stop());
  const counts = await underLoad(
    certificate,
    () => authority.certificate,
    async (round) => {
      await issue();
      await looked(10_000, () => adopted > round);
    },
  );
  assertAllAnswered(counts, ROTATIONS);
  t.diagnostic(JSON.stringify(counts));
});

interface Kept {
  readonly certificate: ServingCertificate;
  readonly adopted: () => number;
  readonly api: LoopbackApi;
  /** Authorities in the Secret. */
  readonly ca: () => string;
}

async function keptInSecret(): Promise<Kept> {
  const api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  cleanUps.push(() => api.close());
  const connection = new KubeConnection({ server: url });
  cleanUps.push(() => connection.close());
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  api.store.create("secrets", { metadata: SECRET, type: "Opaque" });
  const keeper = new CertificateKeeper({
    connection,
    namespace: NAMESPACE,
    secret: SECRET.name,
    hosts: [HOST],
    webhookConfiguration: undefined,
    clock,
    random: () => 1,
    logger: silentLogger,
  });
  cleanUps.push(() => keeper.stop());
  const certificate = new ServingCertificate(await keeper.begin());
  let adopted = 0;
  keeper.keep((material: TlsMaterial) => {
    certificate.replace(material);
    adopted += 1;
  });
  const ca = (): string => {
    const data = api.store.get("secrets", SECRET)?.["data"] as Readonly<Record<string, string>>;
    return Buffer.from(data["ca.crt"] ?? "", "base64").toString();
  };
  return { certificate, adopted: () => adopted, api, ca };
}

test("a certificate of the extender's own making is exchanged a dozen times under load without a failed call", async (t) => {
  // Callers judge certificates by the machine's time, and this clock is to go forward half a minute each time.
  clock = new VirtualClock(Date.now() - DAY_MS);
  const { certificate, adopted, api, ca } = await keptInSecret();
  const counts = await underLoad(certificate, ca, async (round) => {
    const secret = api.store.get("secrets", SECRET);
    assert.ok(secret);
    const data = secret["data"] as Readonly<Record<string, string>>;
    // The authority stays; what it signed is made anew.
    api.store.update("secrets", { ...secret, data: { ...data, "tls.crt": "", "tls.key": "" } });
    await looked(30_000, () => adopted() > round);
  });
  assertAllAnswered(counts, ROTATIONS);
  t.diagnostic(JSON.stringify(counts));
});

test("when the authority is renewed under load no call fails, of callers with the old bundle or with the new one", async (t) => {
  const dueMs = (AUTHORITY_LIFE_MS * 2) / 3;
  clock = new VirtualClock(Date.now() - dueMs - DAY_MS);
  const { certificate, adopted, ca } = await keptInSecret();
  // The serving certificate of those days has ended by the machine's time, which callers go by.
  await looked(dueMs - 10 * DAY_MS, () => adopted() === 1);
  const before = ca();
  let turn = 0;
  const either = (): string => (turn++ % 2 === 0 ? before : ca());
  const counts = await underLoad(certificate, either, () => looked(11 * DAY_MS, () => adopted() === 2), 1);
  assert.notEqual(ca(), before);
  assert.ok(ca().includes(before.trim()), "the old authority stays beside the new one");
  assertAllAnswered(counts, 1);
  t.diagnostic(JSON.stringify(counts));
});

function assertAllAnswered(
  { calls, failed, connections, certificates }: CallCounts,
  rotations: number,
): void {
  assert.deepEqual(failed, []);
  assert.ok(calls >= rotations * CALLS_BETWEEN);
  assert.ok(connections > rotations);
  assert.ok(certificates > rotations / 2, `${certificates} certificates were met`);
}
