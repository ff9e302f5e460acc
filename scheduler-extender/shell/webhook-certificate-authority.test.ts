import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { KubeConnection, type RequestOptions } from "#kube/connection.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { publishAuthorities } from "./webhook-certificate-authority.ts";

const NAME = "berth";
const AUTHORITIES = "-----BEGIN CERTIFICATE-----\n";
const ENCODED = Buffer.from(AUTHORITIES).toString("base64");

let api: LoopbackApi;
let connection: KubeConnection;
let methods: string[];

beforeEach(async () => {
  api = new LoopbackApi({ clock: new VirtualClock(0) });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  methods = [];
});

afterEach(async () => {
  await connection.close();
  await api.close();
});

async function publish(before: (request: RequestOptions) => void = () => undefined): Promise<number> {
  const noting: Pick<KubeConnection, "request"> = {
    async request(request) {
      methods.push(request.method);
      before(request);
      return connection.request(request);
    },
  };
  return publishAuthorities(noting, NAME, AUTHORITIES);
}

function webhooksWith(caBundles: readonly (string | undefined)[]): JsonObject[] {
  return caBundles.map((caBundle, index) => ({
    name: `webhook-${index}.berth.dev`,
    clientConfig: {
      service: { namespace: "berth-system", name: "berth-scheduler-extender", path: "/mutate" },
      ...(caBundle !== undefined && { caBundle }),
    },
    failurePolicy: "Ignore",
  }));
}

function create(caBundles: readonly (string | undefined)[]): void {
  api.store.create("mutatingwebhookconfigurations", {
    metadata: { name: NAME, labels: { kept: "yes" } },
    webhooks: webhooksWith(caBundles),
  });
}

test("every webhook is told the authorities, and nothing else of the configuration changes", async () => {
  create([undefined, "b3RoZXI=", "", ENCODED]);
  assert.equal(await publish(), 3);
  const live = api.store.get("mutatingwebhookconfigurations", { name: NAME });
  assert.deepEqual(live?.["webhooks"], webhooksWith([ENCODED, ENCODED, ENCODED, ENCODED]));
  assert.deepEqual(live?.metadata.labels, { kept: "yes" });
});

test("what is right already is only read", async () => {
  create([ENCODED]);
  assert.equal(await publish(), 0);
  assert.deepEqual(methods, ["GET"]);
});

test("a webhook that is removed while the authorities are written does not come back", async () => {
  create([undefined, undefined]);
  const publishing = publish(({ method }) => {
    const live = api.store.get("mutatingwebhookconfigurations", { name: NAME });
    if (method !== "PATCH" || live === undefined) return;
    api.store.update("mutatingwebhookconfigurations", { ...live, webhooks: webhooksWith([undefined]) });
  });
  await assert.rejects(publishing, { code: "KubeConflict" });
  const live = api.store.get("mutatingwebhookconfigurations", { name: NAME });
  assert.deepEqual(live?.["webhooks"], webhooksWith([undefined]));
});

test("a configuration that is not there is an error, and one without webhooks is none", async () => {
  await assert.rejects(publish(), { code: "KubeNotFound" });
  api.store.create("mutatingwebhookconfigurations", { metadata: { name: NAME } });
  assert.equal(await publish(), 0);
});
