import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { ClusterLedger } from "#model/ledger.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { ServingCertificate } from "#runtime/serving-certificate.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { makeClientCertificate } from "../testing/client-certificate.ts";
import { type CertifiedKey, makeAuthority, makeServingCertificate } from "./certificate-making.ts";
import { callerRefusal, readClientAuthorities } from "./client-certificate.ts";
import { extenderApi } from "./extender-api.ts";
import { createExtenderMetrics } from "./extender-metrics.ts";

const nowMs = Date.now();
const [serverAuthority, clientAuthority, strangers] = await Promise.all([
  makeAuthority(nowMs),
  makeAuthority(nowMs),
  makeAuthority(nowMs),
]);
const scheduler = await makeClientCertificate(clientAuthority, { name: "system:kube-scheduler", nowMs });
const kubelet = await makeClientCertificate(clientAuthority, { name: "system:node:a", nowMs });
const stranger = await makeClientCertificate(strangers, { name: "system:kube-scheduler", nowMs });
const served = await serving();

let server: FastifyInstance;
let certificate: ServingCertificate;
let url: string;
let name: string | undefined;

async function serving(): Promise<{ readonly cert: string; readonly key: string }> {
  const made = await makeServingCertificate({ authority: serverAuthority, hosts: ["localhost"], nowMs });
  return { cert: made.certificate, key: made.key };
}

beforeEach(async () => {
  name = undefined;
  certificate = new ServingCertificate(served, { clientAuthorities: clientAuthority.certificate });
  server = createHttpServer({ bodyBytesMax: 4_096, logger: silentLogger, certificate });
  const [ledger, clock] = [new ClusterLedger(), new VirtualClock()];
  await server.register(extenderApi, {
    ledger,
    clock,
    limits: DEFAULT_PROMISE_LIMITS,
    metrics: createExtenderMetrics(ledger, clock),
    unreadyReasons: () => [],
    refusalOf: (socket) => callerRefusal(socket, name),
  });
  server.post("/webhook", async () => ({}));
  url = await listen(server, { host: "127.0.0.1", port: 0 });
});

afterEach(() => server.close());

async function post(
  path: string,
  client?: CertifiedKey,
): Promise<{ status: number | undefined; text: string }> {
  const body = JSON.stringify({ Pod: anApiPod({ spec: { nodeName: "" } }), Nodes: null, NodeNames: [] });
  const sent = request(`${url}${path}`, {
    method: "POST",
    agent: false,
    ca: serverAuthority.certificate,
    servername: "localhost",
    headers: { "content-type": "application/json" },
    ...(client !== undefined && { cert: client.certificate, key: client.key }),
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of response) text += String(part);
  return { status: response.statusCode, text };
}

test("with client authorities the verbs answer their clients and nobody else, and the webhooks everyone", async () => {
  assert.equal((await post("/filter", scheduler)).status, 200);
  for (const client of [undefined, stranger])
    for (const verb of ["/filter", "/prioritize", "/preempt"]) {
      const { status, text } = await post(verb, client);
      assert.equal(status, 401);
      assert.match(text, /"Error":"the verbs want a client certificate/);
    }
  assert.equal((await post("/webhook")).status, 200);
});

test("of an authority that certifies others as well one name may be asked for", async () => {
  name = "system:kube-scheduler";
  assert.equal((await post("/filter", scheduler)).status, 200);
  const { status, text } = await post("/filter", kubelet);
  assert.equal(status, 401);
  assert.match(text, /not for system:node:a/);
});

test("a serving certificate that is exchanged leaves it at that", async () => {
  certificate.replace(await serving());
  assert.equal((await post("/filter", scheduler)).status, 200);
  assert.equal((await post("/filter", stranger)).status, 401);
});

test("a file that is no certificate is the user's to mend", () => {
  assert.throws(() => readClientAuthorities("/nowhere"), UsageError);
  assert.throws(() => readClientAuthorities(import.meta.filename), /is no certificate in PEM/);
});
