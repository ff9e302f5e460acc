// What Berth writes to a profile's status on the real API server, beside other writers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appName } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import { serverSideApply } from "#kube/apply.ts";
import { KubeConnection } from "#kube/connection.ts";
import type { Condition } from "#kube/condition.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { decodeNodeProfile } from "#kube/released-profile.ts";
import { MESH_PROFILES, NODES, resourcePath } from "#kube/resource-path.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { DEFAULT_PORT_RANGE } from "#scheduler-extender/policy/ports.ts";
import { PortAllocator } from "#scheduler-extender/shell/port-allocator.ts";
import { ReleaseLoop } from "#vpa-recommender/shell/release-loop.ts";
import { PlayedProxies } from "#vpa-recommender/testing/played-proxies.ts";
import { runRestart } from "#cli/release/restart-command.ts";
import { runRollback } from "#cli/release/rollback-command.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { kubectl } from "./kubectl.ts";
import { serveMeshProfiles } from "./serve-mesh-profiles.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const PROFILES = resourcePath({ ...MESH_PROFILES, namespace: "default" });

let controlPlane: ControlPlane;
let connection: KubeConnection;

before(async () => {
  controlPlane = await startControlPlane(tools);
  const { url: server, token, ca } = controlPlane;
  connection = new KubeConnection({ server, token, ca });
  await serveMeshProfiles(connection);
});

after(async () => {
  await connection.close();
  await controlPlane.stop();
});

test("ports are given with a condition that follows the spec's generation and leaves those of others alone", async () => {
  const app = appName("default", "cart");
  const path = `${PROFILES}/cart`;
  const read = async (): Promise<Profile> => (await connection.get(path)) as Profile;
  const ports = new PortAllocator({
    connection,
    profiles: { get: () => undefined, values: () => [], decodeFailures: 0 },
    isLeader: () => true,
    range: DEFAULT_PORT_RANGE,
    clock: systemClock(),
    logger: silentLogger,
    metrics: { attempted: () => undefined },
  });
  assert.deepEqual(await ports.portsOf(app), { inbound: 20_000, outbound: 20_001 });
  const [allocated] = (await read()).status.conditions;
  assert.equal(allocated?.type, "PortsAllocated");
  assert.equal(allocated.observedGeneration, 1);

  const audited = { ...allocated, type: "example.com/Audited" };
  const apiVersion = "berth.dev/v1alpha1";
  await serverSideApply(
    connection,
    path,
    { apiVersion, kind: "MeshProfile", metadata: { name: "cart" }, status: { conditions: [audited] } },
    { fieldManager: "auditor", subresource: "status" },
  );
  await connection.patch(path, { spec: { quota: { connections: 5 } } }, { type: "merge" });
  assert.equal(decodeMeshProfile(await read()).isStatusOutdated, true);
  await ports.refreshStatus(app);
  const profile = await read();
  assert.equal(decodeMeshProfile(profile).isStatusOutdated, undefined);
  assert.deepEqual(profile.status.conditions, [{ ...allocated, observedGeneration: 2 }, audited]);

  const { resourceVersion } = profile.metadata;
  await ports.refreshStatus(app);
  assert.equal((await read()).metadata.resourceVersion, resourceVersion);
});

test("a release is recorded beside the ports, and what a version takes away is gone from the record", async () => {
  const app = appName("default", "cart");
  const path = `${PROFILES}/cart`;
  const read = async (): Promise<ReleasedObject> => (await connection.get(path)) as ReleasedObject;
  const proxies = new PlayedProxies(["node-1", "node-2"]);
  const loop = new ReleaseLoop({
    connection,
    profiles: () => [{ app, releaseDue: "changed" }],
    nodesOf: () => proxies.nodes.keys(),
    proxyOf: proxies.proxyOf,
    client: proxies,
    budget: { run: (_urgency, write) => write() },
    clock: systemClock(),
    intervalMs: 1,
    metrics: { stepped: () => undefined },
    logger: silentLogger,
    mayAct: () => true,
  });
  const looks = async (count: number): Promise<void> => {
    for (let look = 0; look < count; look++) {
      await loop.look();
      proxies.read(await read());
    }
  };
  await looks(1);
  const { conditions, release } = (await read()).status;
  assert.equal(release.phase, "Settled");
  assert.deepEqual(release.settled.config, { quota: { connections: 5 } });
  assert.deepEqual(
    conditions.map(({ type }) => type),
    ["PortsAllocated", "example.com/Audited", "Released"],
  );
  const quota = { connections: null, requestsPerSecond: 7 };
  await connection.patch(path, { spec: { quota } }, { type: "merge" });
  await looks(10);
  const { release: second } = (await read()).status;
  assert.equal(second.phase, "Settled");
  assert.deepEqual(second.settled.config, { quota: { requestsPerSecond: 7 } });
  assert.equal(second.previous.length, 1);

  const kubeconfig = controlPlane.kubeconfigOf("admin");
  const columns = await kubectl(tools.kubectl, kubeconfig, ["get", "meshprofile", "cart", "-o", "wide"]);
  assert.match(columns, /VERSION +RELEASE.*\n.* Settled /);
  await runRollback([app, `--kubeconfig=${kubeconfig}`], () => undefined);
  assert.deepEqual((await read()).spec.quota, { connections: 5 });
  // At once, though no proxy has said anything of it.
  await loop.look();
  const { release: third } = (await read()).status;
  assert.equal(third.phase, "Settled");
  assert.deepEqual(third.settled.config, { quota: { connections: 5 } });
  await connection.create(resourcePath(NODES), { metadata: { name: "node-1" } });
  await runRestart([app, "--node=node-1", `--kubeconfig=${kubeconfig}`], () => undefined);
  const asked = (node: string): string | undefined =>
    decodeNodeProfile(restarted, node as NodeName).restartId;
  const restarted = await read();
  assert.ok(asked("node-1") !== undefined);
  assert.equal(asked("node-2"), undefined);
});

interface ReleasedObject {
  readonly spec: { readonly quota: object };
  readonly status: {
    readonly conditions: readonly Condition[];
    readonly release: {
      readonly phase: string;
      readonly settled: { readonly config: object };
      readonly previous: readonly object[];
    };
  };
}

interface Profile {
  readonly metadata: { readonly resourceVersion: string };
  readonly status: { readonly conditions: readonly Condition[] };
}
