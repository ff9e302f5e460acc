import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { KubeApiError } from "./api-error.ts";
import type { RequestOptions } from "./connection.ts";
import { LeaderElector } from "./lease.ts";

interface StoredLease {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The one Lease the candidates contend for, with the API server's optimistic concurrency. */
class LeaseStore {
  lease: StoredLease | undefined;
  readonly writes: RequestOptions[] = [];
  #version = 0;

  /** A candidate's way to the store; `link.isUp` cuts it. */
  connection(link: { isUp: boolean }) {
    return {
      request: async (options: RequestOptions): Promise<unknown> => {
        await setImmediate();
        if (!link.isUp) throw new OperationError("KubeUnreachable", "cut off");
        return this.#answer(options);
      },
    };
  }

  #answer({ method, body, path }: RequestOptions): unknown {
    assert.match(path, /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/berth-system\/leases/);
    if (method === "GET") {
      if (this.lease === undefined)
        throw new KubeApiError({ status: 404, reason: "NotFound", message: "no lease" });
      return this.lease;
    }
    const written = body as StoredLease;
    const isStale =
      method === "POST"
        ? this.lease !== undefined
        : written.metadata["resourceVersion"] !== this.lease?.metadata["resourceVersion"];
    if (isStale) throw new KubeApiError({ status: 409, reason: "Conflict", message: "written meanwhile" });
    this.writes.push({ method, path, body });
    this.lease = {
      ...written,
      metadata: { ...written.metadata, resourceVersion: String((this.#version += 1)) },
    };
    return this.lease;
  }
}

function contending() {
  const store = new LeaseStore();
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const history: string[] = [];
  const candidates = ["a", "b"].map((identity) => {
    const link = { isUp: true };
    const elector = new LeaderElector({
      connection: store.connection(link),
      namespace: "berth-system",
      name: "berth-extender",
      identity,
      clock,
      random: () => 0.5,
      logger: silentLogger,
      onStarted: () => history.push(`${identity} started`),
      onLost: () => history.push(`${identity} lost`),
    });
    return { link, elector };
  });
  const [a, b] = candidates;
  assert.ok(a !== undefined && b !== undefined);
  return { store, clock, history, a, b };
}

/** Moves in steps of a tenth of a second, each with time for the requests it caused. */
async function elapse(clock: VirtualClock, seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 10; step += 1) {
    clock.advance(100);
    for (let turn = 0; turn < 6; turn += 1) await setImmediate();
  }
}

test("the first candidate leads and keeps the lease, the second stands by", async () => {
  const { clock, history, store, a, b } = contending();
  a.elector.start();
  await elapse(clock, 1);
  b.elector.start();
  await elapse(clock, 60);
  assert.deepEqual(history, ["a started"]);
  assert.equal(a.elector.isLeader, true);
  assert.equal(b.elector.isLeader, false);
  assert.equal(b.elector.holder, "a");
  assert.equal(store.lease?.spec["leaseDurationSeconds"], 15);
  assert.equal(store.lease?.spec["leaseTransitions"], 0);
  assert.match(String(store.lease?.spec["renewTime"]), /^2026-01-01T00:0[01]:\d\d\.\d{6}Z$/);
  await Promise.all([a.elector.stop(), b.elector.stop()]);
});

test("a leader that is cut off steps down before another can take over", async () => {
  const { clock, history, a, b } = contending();
  a.elector.start();
  await elapse(clock, 1);
  b.elector.start();
  await elapse(clock, 9);
  a.link.isUp = false;
  await elapse(clock, 11);
  assert.deepEqual(history, ["a started", "a lost"]);
  assert.equal(b.elector.isLeader, false);
  await elapse(clock, 10);
  assert.deepEqual(history, ["a started", "a lost", "b started"]);
  a.link.isUp = true;
  await elapse(clock, 30);
  assert.equal(a.elector.isLeader, false);
  assert.equal(history.length, 3);
  await Promise.all([a.elector.stop(), b.elector.stop()]);
});

test("a candidate leads at most 1.3 s after the lease of a leader that vanished is over", async () => {
  for (let standByMs = 0; standByMs < 2_200; standByMs += 100) {
    const { clock, history, store, a, b } = contending();
    a.elector.start();
    await elapse(clock, 0.1);
    clock.advance(standByMs);
    b.elector.start();
    await elapse(clock, 8);
    a.link.isUp = false;
    const renewTime = Date.parse(String(store.lease?.spec["renewTime"]));
    while (!history.includes("b started")) await elapse(clock, 0.1);
    assert.ok(clock.nowMs() - renewTime <= 15_000 + 1_300, `${clock.nowMs() - renewTime} ms`);
    await Promise.all([a.elector.stop(), b.elector.stop()]);
  }
});

test("a leader that stops hands the lease over without waiting for its expiry", async () => {
  const { clock, history, store, a, b } = contending();
  a.elector.start();
  await elapse(clock, 1);
  b.elector.start();
  await elapse(clock, 5);
  await a.elector.stop();
  assert.equal(store.lease?.spec["holderIdentity"], "");
  await elapse(clock, 1.3);
  assert.deepEqual(history, ["a started", "a lost", "b started"]);
  assert.equal(store.lease?.spec["leaseTransitions"], 1);
  await b.elector.stop();
});

test("stopping while the lease is being acquired gives it back too", async () => {
  const { clock, history, store, a } = contending();
  a.elector.start();
  await setImmediate();
  await a.elector.stop();
  assert.deepEqual(
    store.writes.map(({ method, body }) => [method, (body as StoredLease).spec["holderIdentity"]]),
    [
      ["POST", "a"],
      ["PUT", ""],
    ],
  );
  assert.deepEqual(history, []);
  assert.equal(clock.nextDueMs(), undefined);
});

test("a frozen process does not believe its old leadership", async () => {
  const { clock, a } = contending();
  let wasLeader = true;
  clock.after(12_000, () => (wasLeader = a.elector.isLeader));
  a.elector.start();
  await elapse(clock, 0.1);
  assert.equal(a.elector.isLeader, true);
  // Twelve seconds in one step: no renewal could be sent.
  clock.advance(12_000);
  assert.equal(wasLeader, false);
  await a.elector.stop();
});

test("labels and foreign fields of the lease are kept", async () => {
  const { clock, store, a } = contending();
  const metadata = { name: "berth-extender", labels: { team: "mesh" }, resourceVersion: "0" };
  store.lease = { metadata, spec: { strategy: "OldestEmulationVersion" } };
  a.elector.start();
  await elapse(clock, 1);
  assert.equal(a.elector.isLeader, true);
  assert.deepEqual(store.lease?.metadata["labels"], { team: "mesh" });
  assert.equal(store.lease?.spec["strategy"], "OldestEmulationVersion");
  await a.elector.stop();
});

test("of many candidates that start together one leads at any time, whoever is cut off", async () => {
  const { clock, history, a, b } = contending();
  a.elector.start();
  b.elector.start();
  for (let round = 0; round < 6; round += 1) {
    (round % 2 === 0 ? a : b).link.isUp = false;
    for (let second = 0; second < 35; second += 1) {
      await elapse(clock, 1);
      assert.ok(!(a.elector.isLeader && b.elector.isLeader), "both lead");
    }
    a.link.isUp = true;
    b.link.isUp = true;
  }
  const leading = history.reduce((count, change) => {
    const next = count + (change.endsWith("started") ? 1 : -1);
    assert.ok(next === 0 || next === 1, history.join(", "));
    return next;
  }, 0);
  assert.equal(leading, 1);
  assert.ok(history.length > 4);
  await Promise.all([a.elector.stop(), b.elector.stop()]);
});
