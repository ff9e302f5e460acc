import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { isConflict, KubeApiError } from "#kube/api-error.ts";
import { KubeConnection, type RequestOptions } from "#kube/connection.ts";
import { settleUntil } from "#kube/settle.ts";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { ServingCertificate, type TlsMaterial } from "#runtime/serving-certificate.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { handshake, opened } from "../testing/tls-client.ts";
import { certificateHosts } from "./certificate-hosts.ts";
import { CertificateKeeper, type CertificateKeeperOptions } from "./certificate-keeper.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const CHECK_MS = 30_000;
const NAMESPACE = "berth-system";
const SECRET = { namespace: NAMESPACE, name: "berth-scheduler-extender-tls" };
const SERVICE = "berth-scheduler-extender.berth-system.svc";

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let logged: { level: string; message: unknown; reasons: object }[];
let keepers: CertificateKeeper[];
let servers: Server[];

beforeEach(async () => {
  // Clients judge certificates by the machine's time; tests begin so long ago that they end at about that.
  clock = new VirtualClock(Date.now());
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  api.store.create("secrets", { metadata: SECRET, type: "Opaque" });
  [logged, keepers, servers] = [[], [], []];
});

afterEach(async () => {
  await Promise.all(keepers.map((keeper) => keeper.stop()));
  for (const server of servers) server.close().closeAllConnections();
  await connection.close();
  await api.close();
});

function aKeeper(options: Partial<CertificateKeeperOptions> = {}): CertificateKeeper {
  const log = (level: string) => (reasons: object, message?: unknown) =>
    void logged.push({ level, message, reasons });
  const keeper = new CertificateKeeper({
    connection,
    namespace: NAMESPACE,
    secret: SECRET.name,
    hosts: certificateHosts(undefined, NAMESPACE),
    webhookConfiguration: undefined,
    clock,
    random: () => 1,
    logger: { ...silentLogger, info: log("info"), warn: log("warn"), error: log("error") },
    ...options,
  });
  keepers.push(keeper);
  return keeper;
}

function stored(): KubeObject {
  const secret = api.store.get("secrets", SECRET);
  assert.ok(secret);
  return secret;
}

/** The Secret's text under a key. */
function text(key: string): string {
  const data = (stored()["data"] ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
}

/** Writes past the keeper; an undefined text empties its key. */
function write(texts: Readonly<Record<string, string>>, rest: JsonObject = {}): void {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  const secret = stored();
  api.store.update("secrets", { ...secret, data: { ...(secret["data"] as JsonObject), ...data }, ...rest });
}

interface Served {
  readonly port: number;
  readonly certificate: ServingCertificate;
}

async function serve(material: TlsMaterial): Promise<Served> {
  const certificate = new ServingCertificate(material);
  const server = certificate.createServer({}, (_, response) => void response.end("here"));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, certificate };
}

/** Lets everything come to rest without time passing. */
async function untilNow(isSettled: () => boolean): Promise<void> {
  await settleUntil(clock, isSettled, 0);
}

/** Moves on once the keeper waits for its next look. */
async function pass(durationMs: number): Promise<void> {
  await untilNow(() => clock.nextDueMs() !== undefined);
  clock.advance(durationMs);
}

function messages(level: string): readonly unknown[] {
  return logged.filter((line) => line.level === level).map(({ message }) => message);
}

test("an empty Secret gets an authority and a certificate that clients accept by every name of the Service", async () => {
  const { port } = await serve(await aKeeper().begin());
  const ca = text("ca.crt");
  for (const name of [
    SERVICE,
    "berth-scheduler-extender.berth-system.svc.cluster.local",
    "berth-scheduler-extender.berth-system",
    "berth-scheduler-extender",
    "localhost",
  ]) {
    await handshake(port, ca, name);
  }
  // By its address.
  await handshake(port, ca);
  await assert.rejects(handshake(port, ca, "other.berth-system.svc"), /does not match/);
  assert.match(text("ca.key"), /^-----BEGIN PRIVATE KEY-----/);
  assert.deepEqual(messages("warn"), []);
});

test("what is in the Secret is served by the next start and the next replica, and not written again", async () => {
  const first = await aKeeper().begin();
  const { resourceVersion } = stored().metadata;
  assert.deepEqual(await aKeeper().begin(), first);
  assert.equal(stored().metadata.resourceVersion, resourceVersion);
});

test("a start without the Secret, or without the right to it, says how to mend that", async () => {
  api.store.delete("secrets", SECRET);
  await assert.rejects(
    aKeeper().begin(),
    (error) => error instanceof UsageError && error.message.includes("kubectl create secret generic"),
  );
  const forbidden = connectionThat(() => {
    throw new KubeApiError({ status: 403, reason: "Forbidden", message: "secrets is forbidden" });
  });
  await assert.rejects(
    aKeeper({ connection: forbidden }).begin(),
    (error) =>
      error instanceof UsageError && error.message.startsWith("no right to get Secret berth-system/"),
  );
});

/** The connection with something that happens before each request. */
function connectionThat(before: (request: RequestOptions) => void): Pick<KubeConnection, "request"> {
  return {
    async request(request) {
      before(request);
      return connection.request(request);
    },
  };
}

test("two replicas that start at once on an empty Secret end with one bundle", async () => {
  // Neither writes before both have read.
  let reads = 0;
  const bothHaveRead = Promise.withResolvers<void>();
  const conflicts: unknown[] = [];
  const racing: Pick<KubeConnection, "request"> = {
    async request(request) {
      if (request.method === "PUT") await bothHaveRead.promise;
      try {
        return await connection.request(request);
      } catch (error) {
        if (isConflict(error)) conflicts.push(error);
        throw error;
      } finally {
        if (request.method === "GET" && ++reads === 2) bothHaveRead.resolve();
      }
    },
  };
  const [one, other] = await Promise.all([
    aKeeper({ connection: racing }).begin(),
    aKeeper({ connection: racing }).begin(),
  ]);
  assert.equal(conflicts.length, 1);
  assert.deepEqual(one, other);
  assert.equal(one.cert, text("tls.crt"));
});

test("a Secret that others keep writing is given up on for the moment", async () => {
  let writes = 0;
  const contended = connectionThat(({ method }) => {
    if (method === "PUT") write({ note: String(++writes) });
  });
  const start = assert.rejects(aKeeper({ connection: contended }).begin(), { code: "CertificateContended" });
  let isOver = false;
  void start.finally(() => (isOver = true));
  await settleUntil(clock, () => isOver, 1_000);
  await start;
  // Five attempts in each of six tries.
  assert.equal(writes, 30);
});

test("an API server that is away at the start is asked again", async () => {
  let refusals = 2;
  const away = connectionThat(() => {
    if (refusals-- > 0) throw new OperationError("KubeUnreachable", "away");
  });
  const start = aKeeper({ connection: away }).begin();
  await settleUntil(clock, () => text("tls.crt") !== "");
  assert.equal((await start).cert, text("tls.crt"));
});

test("a certificate is renewed by the same authority, open connections go on, and new ones meet the new certificate", async () => {
  clock = new VirtualClock(Date.now() - 244 * DAY_MS);
  const keeper = aKeeper();
  const { port, certificate } = await serve(await keeper.begin());
  keeper.keep((material) => certificate.replace(material));
  const ca = text("ca.crt");
  const before = await handshake(port, ca, SERVICE);
  const held = await opened(port, ca, SERVICE);

  await pass(243 * DAY_MS);
  const { resourceVersion } = stored().metadata;
  await untilNow(() => clock.nextDueMs() !== undefined);
  assert.equal(stored().metadata.resourceVersion, resourceVersion);

  await pass(DAY_MS);
  await untilNow(() => messages("info").includes("serving with another certificate"));
  assert.notEqual(await handshake(port, ca, SERVICE), before);
  assert.equal(text("ca.crt"), ca);
  held.write("GET / HTTP/1.1\r\nhost: extender\r\n\r\n");
  const [answer] = (await once(held, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 OK/);
  held.destroy();
});

test("clients of an outgoing authority have eight months to learn of the new one", async () => {
  const [authorityDueMs, servingDueMs] = [2_434 * DAY_MS, 244 * DAY_MS];
  clock = new VirtualClock(Date.now() - authorityDueMs - servingDueMs);
  const keeper = aKeeper();
  const { port, certificate } = await serve(await keeper.begin());
  const adopted: TlsMaterial[] = [];
  keeper.keep((material) => {
    adopted.push(material);
    certificate.replace(material);
  });
  const old = text("ca.crt");

  await pass(authorityDueMs);
  await untilNow(() => adopted.length === 1);
  const both = text("ca.crt");
  assert.ok(both.endsWith(old) && both !== old);
  for (const ca of [old, both]) await handshake(port, ca, SERVICE);
  const young = both.slice(0, both.length - old.length);
  await assert.rejects(handshake(port, young, SERVICE));

  await pass(servingDueMs);
  await untilNow(() => adopted.length === 2);
  assert.equal(text("ca.crt"), both);
  for (const ca of [young, both]) await handshake(port, ca, SERVICE);
  await assert.rejects(handshake(port, old, SERVICE));
});

test("what another replica wrote is taken up, whatever hosts it is for", async () => {
  const keeper = aKeeper();
  const first = await keeper.begin();
  const adopted: TlsMaterial[] = [];
  keeper.keep((material) => adopted.push(material));
  const other = await aKeeper({ hosts: ["extender.example"] }).begin();
  assert.notDeepEqual(other, first);
  await pass(CHECK_MS);
  await untilNow(() => adopted.length === 1);
  assert.deepEqual(adopted, [other]);
  // The next start of the first one wants its own hosts again.
  assert.notDeepEqual(await aKeeper().begin(), other);
});

test("what is malformed in Berth's own Secret is replaced, with a warning, and other keys are kept", async () => {
  await aKeeper().begin();
  const ca = text("ca.crt");
  write({ "tls.crt": "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n", note: "kept" });
  const { port } = await serve(await aKeeper().begin());
  await handshake(port, ca, SERVICE);
  assert.equal(text("note"), "kept");
  const warning = logged.find(({ level }) => level === "warn");
  assert.equal(warning?.message, "replacing certificates that cannot be used");
  assert.deepEqual(
    { ...warning?.reasons },
    { namespace: NAMESPACE, secret: SECRET.name, authority: undefined, serving: "malformed" },
  );
});

test("a certificate that Berth did not make is left alone, at the start and later", async () => {
  const keeper = aKeeper();
  await keeper.begin();
  const adopted: TlsMaterial[] = [];
  keeper.keep((material) => adopted.push(material));
  const { annotations: _, ...metadata } = stored().metadata;
  write({ "tls.key": "somebody else's" }, { metadata });
  const { resourceVersion } = stored().metadata;
  await assert.rejects(
    aKeeper().begin(),
    (error) => error instanceof UsageError && error.message.includes("Berth did not make"),
  );
  await pass(CHECK_MS);
  await untilNow(() => messages("error").length > 0);
  assert.deepEqual(messages("error"), ["certificates not refreshed"]);
  assert.equal(stored().metadata.resourceVersion, resourceVersion);
  assert.deepEqual(adopted, []);
});

test("emptying the Secret makes everything anew", async () => {
  const keeper = aKeeper();
  const { port, certificate } = await serve(await keeper.begin());
  const old = text("ca.crt");
  let isReplaced = false;
  keeper.keep((material) => {
    certificate.replace(material);
    isReplaced = true;
  });
  write({}, { data: {} });
  await pass(CHECK_MS);
  await untilNow(() => isReplaced);
  await handshake(port, text("ca.crt"), SERVICE);
  await assert.rejects(handshake(port, old, SERVICE));
});

// ── The webhooks ─────────────────────────────────────────────────────────────────────────────────────────────────

const CONFIGURATION = { name: "berth" };

function putWebhook(caBundle: string): void {
  const webhooks = [{ name: "pods.berth.dev", clientConfig: { url: "https://extender/mutate", caBundle } }];
  const live = api.store.get("mutatingwebhookconfigurations", CONFIGURATION);
  if (live === undefined) {
    api.store.create("mutatingwebhookconfigurations", { metadata: CONFIGURATION, webhooks });
  } else api.store.update("mutatingwebhookconfigurations", { ...live, webhooks });
}

/** Whether the webhook is told the authority that is in the Secret. */
function isTold(): boolean {
  const live = api.store.get("mutatingwebhookconfigurations", CONFIGURATION);
  const [webhook] = (live?.["webhooks"] ?? []) as readonly { clientConfig: { caBundle: string } }[];
  const told = Buffer.from(webhook?.clientConfig.caBundle ?? "", "base64").toString("utf8");
  return told !== "" && told === text("ca.crt");
}

async function keepWebhooks(options: Partial<CertificateKeeperOptions> = {}): Promise<void> {
  const keeper = aKeeper({ webhookConfiguration: CONFIGURATION.name, ...options });
  await keeper.begin();
  keeper.keep(() => undefined);
}

test("a caBundle that was blanked is back after one look", async () => {
  putWebhook("");
  await keepWebhooks();
  await untilNow(isTold);
  putWebhook("");
  await pass(CHECK_MS);
  await untilNow(isTold);
});

test("a configuration that is not there yet is told the authority once it is, and nothing fails meanwhile", async () => {
  await keepWebhooks();
  await untilNow(() => messages("error").includes("authorities not published"));
  putWebhook("");
  await settleUntil(clock, isTold);
});

test("a race for the configuration is nothing to report, and over within a second", async () => {
  putWebhook("");
  let isRaced = false;
  const racing = connectionThat(({ method }) => {
    if (method !== "PATCH" || isRaced) return;
    isRaced = true;
    putWebhook("b3RoZXI=");
  });
  await keepWebhooks({ connection: racing });
  await pass(1_000);
  await untilNow(isTold);
  assert.deepEqual(messages("error"), []);
});
