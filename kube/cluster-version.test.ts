import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { checkClusterVersion, type WantedFeatures } from "./cluster-version.ts";
import { KubeConnection } from "./connection.ts";

let api: LoopbackApi | undefined;
let connection: KubeConnection | undefined;
let logged: { readonly level: string; readonly fields: object; readonly message: unknown }[];

beforeEach(() => void (logged = []));

afterEach(async () => {
  await connection?.close();
  await api?.close();
});

async function check(kubernetesMinor: number, features: Partial<WantedFeatures> = {}): Promise<void> {
  api = new LoopbackApi({ clock: new VirtualClock(), kubernetesMinor });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  await checked(connection, features);
}

function checked(asked: Pick<KubeConnection, "request">, features: Partial<WantedFeatures>): Promise<void> {
  const log = (level: string) => (fields: object, message?: unknown) =>
    void logged.push({ level, fields, message });
  const logger = { ...silentLogger, info: log("info"), warn: log("warn") };
  return checkClusterVersion(asked, { wanted: [], needed: [], ...features }, logger);
}

const REMEDY = { feature: "pause", remedy: "run with --pre-stop-seconds=0" } as const;

test("on a version with everything that is asked for one line tells the version", async () => {
  await check(35, { wanted: ["resize", "nominations"], needed: [REMEDY] });
  assert.deepEqual(logged, [
    {
      level: "info",
      fields: { kubernetes: "v1.35.2+berth-loopback" },
      message: "the cluster's version",
    },
  ]);
});

test("what is missing is told once each, with since when there is such a thing and what does not work", async () => {
  await check(34, { wanted: ["resize", "nominations"] });
  const [missing, version] = logged;
  assert.equal(logged.length, 2);
  assert.equal(missing?.level, "warn");
  const { gate, since, without } = missing.fields as Readonly<Record<string, string>>;
  assert.deepEqual([gate, since], ["NominatedNodeNameForExpectation", "1.35"]);
  assert.match(without ?? "", /score mode/);
  assert.equal(version?.level, "info");
});

test("what could not work at all is refused, with the way out", async () => {
  await assert.rejects(check(29, { needed: [REMEDY] }), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /Kubernetes v1\.29.*came with 1\.30.*--pre-stop-seconds=0/);
    return true;
  });
});

for (const [what, minor] of [
  ["older", 32],
  ["newer", 38],
] as const) {
  test(`a version ${what} than Berth was made for is told, and not refused`, async () => {
    await check(minor);
    assert.deepEqual(logged, [
      {
        level: "warn",
        fields: { kubernetes: `v1.${minor}.2+berth-loopback`, madeFor: "1.33 to 1.37" },
        message: "a version of Kubernetes that Berth was not made for",
      },
    ]);
  });
}

test("a provider's minor version with a plus is read; one that is no number, or an API server that is away, keeps nobody from starting", async () => {
  const answering = (minor: string) => ({
    request: async () => ({ major: "1", minor, gitVersion: `v1.${minor}` }),
  });
  await checked(answering("35+"), { wanted: ["nominations"] });
  assert.equal(logged[0]?.message, "the cluster's version");
  logged = [];
  await checked(answering("next"), { needed: [REMEDY] });
  const away = new KubeConnection({ server: "http://127.0.0.1:1" });
  await checked(away, { needed: [REMEDY] });
  await away.close();
  assert.deepEqual(
    logged.map(({ message }) => message),
    ["the cluster's version is not known", "the cluster's version is not known"],
  );
});
