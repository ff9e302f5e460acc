import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { KubeConnection } from "#kube/connection.ts";
import { settleUntil } from "#kube/settle.ts";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { LEADER_LABEL, LeaderLabel, type LeaderLabelOptions } from "./leader-label.ts";

const NAMESPACE = "berth-system";
const LEASE = "berth-scheduler-extender";

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let leader: string;
let labels: LeaderLabel[];

beforeEach(async () => {
  clock = new VirtualClock(1_000_000);
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: NAMESPACE } });
  [leader, labels] = ["", []];
});

afterEach(async () => {
  await Promise.all(labels.map((label) => label.stop()));
  await connection.close();
  await api.close();
});

function aPod(name: string, ownLabels: Record<string, string> = {}): void {
  const spec = { containers: [{ name: "scheduler-extender", image: "berth" }] };
  api.store.create("pods", { metadata: { name, namespace: NAMESPACE, labels: ownLabels }, spec });
}

function aReplica(podName: string, options: Partial<LeaderLabelOptions> = {}): LeaderLabel {
  const label = new LeaderLabel({
    connection,
    namespace: NAMESPACE,
    podName,
    leaderOf: LEASE,
    isLeader: () => leader === podName,
    clock,
    logger: silentLogger,
    ...options,
  });
  labels.push(label);
  return label;
}

function labelled(): readonly string[] {
  const pods = api.store.list("pods").filter(({ metadata }) => metadata.labels?.[LEADER_LABEL] !== undefined);
  return pods.map(({ metadata }) => metadata.name).sort();
}

const settled = (...names: readonly string[]): Promise<void> =>
  settleUntil(clock, () => labelled().join() === names.join());

test("the leader's pod alone carries the label, beside its other labels", async () => {
  for (const name of ["a", "b"]) aPod(name, { "app.kubernetes.io/part-of": "berth" });
  leader = "a";
  for (const name of ["a", "b"]) aReplica(name).refresh();
  await settled("a");
  assert.deepEqual(api.store.get("pods", { namespace: NAMESPACE, name: "a" })?.metadata.labels, {
    "app.kubernetes.io/part-of": "berth",
    [LEADER_LABEL]: LEASE,
  });
});

test("a leader that ceases to lead takes its label off", async () => {
  aPod("a");
  leader = "a";
  const label = aReplica("a");
  label.refresh();
  await settled("a");
  leader = "";
  label.refresh();
  await settled();
});

test("a new leader takes the label off a predecessor that could not, and off none of another lease", async () => {
  aPod("dead", { [LEADER_LABEL]: LEASE });
  aPod("recommender", { [LEADER_LABEL]: "berth-vpa-recommender" });
  aPod("b");
  leader = "b";
  aReplica("b").refresh();
  await settled("b", "recommender");
});

test("a replica that finds the label on itself after a restart, and does not lead, takes it off", async () => {
  aPod("a", { [LEADER_LABEL]: LEASE });
  aReplica("a").refresh();
  await settled();
});

test("a label that someone takes off or adds is mended", async () => {
  for (const name of ["a", "b"]) aPod(name);
  leader = "a";
  aReplica("a").refresh();
  await settled("a");
  const write = (name: string, value: string | null): Promise<unknown> =>
    connection.patch(
      `/api/v1/namespaces/${NAMESPACE}/pods/${name}`,
      { metadata: { labels: { [LEADER_LABEL]: value } } },
      { type: "merge" },
    );
  await write("a", null);
  await write("b", LEASE);
  await settled("a");
});

test("a replica that stops takes its label off, though it still holds the Lease", async () => {
  aPod("a");
  leader = "a";
  const label = aReplica("a");
  label.refresh();
  await settled("a");
  await label.stop();
  assert.deepEqual(labelled(), []);
});

test("leadership lost between the look and the write leaves no label behind", async () => {
  aPod("a");
  leader = "a";
  const label = aReplica("a", {
    connection: {
      patch: (path, body, options) => connection.patch(path, body, options),
      async get(path, query) {
        const answer = await connection.get(path, query);
        leader = "";
        return answer;
      },
    },
  });
  label.refresh();
  await label.stop();
  assert.deepEqual(labelled(), []);
});

test("an API server that refuses is asked again, and stopping does not wait for it", async () => {
  aPod("a");
  leader = "a";
  let refusals = 3;
  const label = aReplica("a", {
    connection: {
      get: (path, query) => connection.get(path, query),
      async patch(path, body, options) {
        if (refusals-- > 0) throw new OperationError("KubeUnreachable", "away");
        return connection.patch(path, body, options);
      },
    },
  });
  label.refresh();
  await settled("a");
  refusals = Infinity;
  await label.stop();
  assert.equal(clock.nextDueMs(), undefined);
});
