import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type AgentOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import type { IncomingMessage } from "node:http";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { createHttpServer, listen } from "./http-server.ts";
import { silentLogger } from "./logger.ts";
import { ServingCertificate, type TlsMaterial } from "./serving-certificate.ts";
import { UsageError } from "./usage-error.ts";

const nowMs = Date.now();
const authority = await makeAuthority(nowMs);
const folder = mkdtempSync(join(tmpdir(), "berth-certificate-"));

let cleanUps: (() => Promise<void>)[] = [];

after(() => rmSync(folder, { recursive: true }));

// Clients first: a server waits for its connections.
afterEach(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
  cleanUps = [];
});

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

test("open connections outlive an exchange of the certificate, and new ones are met with the new one, on every server that has it", async () => {
  const certificate = new ServingCertificate(first);
  // Fastify makes two by itself where localhost has two addresses.
  const urls = [await serve(certificate), await serve(certificate)];
  const held = urls.map((url) => ({ url, agent: anAgent({ keepAlive: true, maxSockets: 1 }) }));
  const before = await Promise.all(held.map(({ url, agent }) => get(url, agent)));
  certificate.replace(second);
  const afterwards = await Promise.all(held.map(({ url, agent }) => get(url, agent)));
  assert.deepEqual(afterwards, before);
  for (const [index, url] of urls.entries()) {
    const fresh = await get(url, anAgent());
    assert.notEqual(fresh.serial, before[index]?.serial);
  }
});

test("a server that begins after an exchange has the new certificate", async () => {
  const certificate = new ServingCertificate(first);
  const { serial } = await get(await serve(certificate), anAgent());
  certificate.replace(second);
  assert.notEqual((await get(await serve(certificate), anAgent())).serial, serial);
});

async function serve(certificate: ServingCertificate): Promise<string> {
  const server = createHttpServer({ bodyBytesMax: 64, logger: silentLogger, certificate });
  cleanUps.push(() => server.close());
  server.get("/", async () => "here");
  return listen(server, { host: "127.0.0.1", port: 0 });
}

function anAgent(options: AgentOptions = {}): Agent {
  const agent = new Agent(options);
  cleanUps.unshift(async () => agent.destroy());
  return agent;
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
