import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { IncomingMessage } from "node:http";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { createHttpServer, listen } from "./http-server.ts";
import { silentLogger } from "./logger.ts";
import { ServingCertificate, type TlsMaterial } from "./serving-certificate.ts";
import { UsageError } from "./usage-error.ts";

const nowMs = Date.now();
const authority = await makeAuthority(nowMs);
const folder = mkdtempSync(join(tmpdir(), "berth-certificate-"));

after(() => rmSync(folder, { recursive: true }));

async function aMaterial(): Promise<TlsMaterial> {
  const { certificate, key } = await makeServingCertificate({ authority, hosts: ["localhost"], nowMs });
  return { cert: certificate, key };
}

const [first, second] = [await aMaterial(), await aMaterial()];

interface Answer {
  readonly serial: string;
  readonly localPort: number | undefined;
}

/** One request over the agent's connection, or over a new one; what it was met with. */
async function get(url: string, agent: Agent): Promise<Answer> {
  const sent = request(url, { agent, ca: authority.certificate, servername: "localhost" });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const socket = response.socket as TLSSocket;
  const answer = { serial: socket.getPeerCertificate().serialNumber, localPort: socket.localPort };
  response.resume();
  await once(response, "end");
  return answer;
}

for (const host of ["127.0.0.1", "localhost"]) {
  test(`on ${host}, open connections outlive an exchange of the certificate, and new ones are met with the new one`, async () => {
    const certificate = new ServingCertificate(first);
    const server = createHttpServer({ bodyBytesMax: 64, logger: silentLogger, certificate });
    server.get("/", async () => "here");
    await listen(server, { host, port: 0 });
    const urls = (server.addresses() as AddressInfo[]).map(
      ({ address, family, port }) => `https://${family === "IPv6" ? `[${address}]` : address}:${port}/`,
    );
    const held = urls.map((url) => ({ url, agent: new Agent({ keepAlive: true, maxSockets: 1 }) }));
    const before = await Promise.all(held.map(({ url, agent }) => get(url, agent)));
    certificate.replace(second);
    // In turn, because only a connection that is idle is used again.
    const afterwards = await Promise.all(held.map(({ url, agent }) => get(url, agent)));
    assert.deepEqual(afterwards, before);
    for (const [index, url] of urls.entries()) {
      const fresh = await get(url, new Agent());
      assert.notEqual(fresh.serial, before[index]?.serial);
    }
    for (const { agent } of held) agent.destroy();
    await server.close();
  });
}

test("TLS changes nothing about how long connections are kept and requests may take", async () => {
  const plain = createHttpServer({ bodyBytesMax: 64, logger: silentLogger });
  const certificate = new ServingCertificate(first);
  const secure = createHttpServer({ bodyBytesMax: 64, logger: silentLogger, certificate });
  for (const field of ["keepAliveTimeout", "requestTimeout", "timeout"] as const) {
    assert.equal(secure.server[field], plain.server[field], field);
  }
  await Promise.all([plain.close(), secure.close()]);
});

test("a certificate with another's key is refused, and the present one goes on", () => {
  const mixed = { cert: first.cert, key: second.key };
  assert.throws(() => new ServingCertificate(mixed), /key values mismatch/);
  const certificate = new ServingCertificate(first);
  assert.throws(() => certificate.replace(mixed), /key values mismatch/);
  assert.throws(() => certificate.replace({ cert: "", key: "" }));
});

test("files that cannot be read, or do not belong together, are the user's to mend", () => {
  const files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  const isUsageError = (start: string) => (error: unknown) =>
    error instanceof UsageError && error.message.startsWith(start);
  assert.throws(() => ServingCertificate.fromFiles(files), isUsageError(`cannot read ${files.certFile}`));
  writeFileSync(files.certFile, first.cert);
  writeFileSync(files.keyFile, second.key);
  assert.throws(
    () => ServingCertificate.fromFiles(files),
    isUsageError(`${files.certFile} and ${files.keyFile} are no certificate and its key`),
  );
  writeFileSync(files.keyFile, first.key);
  ServingCertificate.fromFiles(files);
});
