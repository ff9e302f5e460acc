import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { KubeConnection } from "#kube/connection.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { MESH_AUTHORITY_LIFE_MS, PUBLISHED_MS_MIN } from "../../policy/signing/authority-plan.ts";
import { MeshAuthority } from "./mesh-authority.ts";

const NAMESPACE = "berth-system";
const START_MS = Date.UTC(2026, 0, 1);

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock(START_MS);
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  api.store.create("secrets", { metadata: { name: "authority", namespace: NAMESPACE } });
  api.store.create("configmaps", { metadata: { name: "roots", namespace: NAMESPACE } });
});

afterEach(async () => {
  await connection.close();
  await api.close();
});

function authority(through: Pick<KubeConnection, "request"> = connection): MeshAuthority {
  const names = { namespace: NAMESPACE, secret: "authority", configMap: "roots" };
  return new MeshAuthority({ connection: through, ...names, clock, logger: silentLogger });
}

function roots(): readonly string[] {
  const map = api.store.get("configmaps", { name: "roots", namespace: NAMESPACE }) as unknown as {
    readonly data?: Readonly<Record<string, string>>;
  };
  return (map.data?.["roots.crt"] ?? "").match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
}

test("an empty Secret is filled, its root published, and what signs stays the same over restarts and replicas", async () => {
  const first = authority();
  const before = first.signing;
  assert.equal(before, undefined);
  await first.renew();
  assert.deepEqual(roots(), [first.signing?.certificate]);
  const second = authority();
  await Promise.all([first.renew(), second.renew()]);
  assert.deepEqual(second.signing, first.signing);
});

test("a successor is published a day before it signs, and its predecessor's root stays", async () => {
  const kept = authority();
  await kept.renew();
  const old = kept.signing?.certificate;
  clock.advance((MESH_AUTHORITY_LIFE_MS * 2) / 3 + 3_600_000);
  await kept.renew();
  const [next, last, ...others] = roots();
  assert.deepEqual([kept.signing?.certificate, last, others], [old, old, []]);
  clock.advance(PUBLISHED_MS_MIN - 3_600_000);
  await kept.renew();
  assert.equal(kept.signing?.certificate, old);
  clock.advance(3_600_000);
  await kept.renew();
  assert.equal(kept.signing?.certificate, next);
  assert.deepEqual(roots(), [next, old]);
});

test("nothing is signed with a root that could not be published", async () => {
  const deaf = authority({
    request: async (options) => {
      if (options.method === "PUT" && options.path.includes("configmaps"))
        throw new OperationError("KubeUnreachable", "the API server is away");
      return connection.request(options);
    },
  });
  await assert.rejects(deaf.renew(), { code: "KubeUnreachable" });
  assert.equal(deaf.signing, undefined);
});

test("an emptied Secret, as after a theft of its key, takes all trust from what was there", async () => {
  const kept = authority();
  await kept.renew();
  const stolen = kept.signing?.certificate;
  const secret = api.store.get("secrets", { name: "authority", namespace: NAMESPACE });
  assert.ok(secret !== undefined);
  api.store.update("secrets", { ...secret, data: {} });
  await kept.renew();
  const [root, ...others] = roots();
  assert.notEqual(root, stolen);
  assert.deepEqual([kept.signing?.certificate, others], [root, []]);
});

test("the authority signs end certificates and no authorities", async () => {
  const kept = authority();
  await kept.renew();
  const root = new X509Certificate(kept.signing?.certificate ?? "");
  assert.ok(root.ca && root.verify(root.publicKey));
  assert.match(root.subject, /CN=berth-mesh/);
});
