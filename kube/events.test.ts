import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { KubeApiError } from "./api-error.ts";
import type { RecordedEvent } from "./event-series.ts";
import { EventRecorder } from "./events.ts";

const START_MS = Date.UTC(2026, 0, 1);
/** The subject, the time in hexadecimal, and half of 2^32. */
const EVENT_NAME = `proxy-x.${START_MS.toString(16)}80000000`;

interface Write {
  readonly verb: "create" | "patch";
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A recorder, and what it wrote; `refuse` makes the API answer with an error. */
function recording() {
  const clock = new VirtualClock(START_MS);
  const writes: Write[] = [];
  const refusals: OperationError[] = [];
  const write = async (verb: Write["verb"], path: string, body: unknown): Promise<unknown> => {
    await Promise.resolve();
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
    writes.push({ verb, path, body: body as Write["body"] });
    return {};
  };
  const recorder = new EventRecorder({
    connection: {
      create: (path, body) => write("create", path, body),
      patch: (path, body) => write("patch", path, body),
    },
    component: "berth-vpa-recommender",
    instance: "recommender-0",
    clock,
    random: () => 0.5,
    logger: silentLogger,
  });
  return { clock, writes, refusals, recorder };
}

function anEvent(overrides: Partial<RecordedEvent> & { readonly name?: string } = {}): RecordedEvent {
  const { name = "proxy-x", ...rest } = overrides;
  return {
    subject: { apiVersion: "v1", kind: "Pod", namespace: "berth-system", name, uid: `uid-${name}` },
    type: "Normal",
    reason: "NodeProxyResized",
    message: "cpu 100m → 200m",
    ...rest,
  };
}

test("an event names its subject, its reporter and its time", async () => {
  const { recorder, writes } = recording();
  recorder.record(anEvent());
  await recorder.flush();
  assert.deepEqual(writes, [
    {
      verb: "create",
      path: "/api/v1/namespaces/berth-system/events",
      body: {
        apiVersion: "v1",
        kind: "Event",
        metadata: { namespace: "berth-system", name: EVENT_NAME },
        involvedObject: anEvent().subject,
        type: "Normal",
        reason: "NodeProxyResized",
        count: 1,
        message: "cpu 100m → 200m",
        firstTimestamp: "2026-01-01T00:00:00Z",
        lastTimestamp: "2026-01-01T00:00:00Z",
        source: { component: "berth-vpa-recommender", host: "recommender-0" },
        reportingComponent: "berth-vpa-recommender",
        reportingInstance: "recommender-0",
      },
    },
  ]);
});

test("a repetition raises the count of the first event and shows the newest message", async () => {
  const { recorder, writes, clock } = recording();
  recorder.record(anEvent());
  await recorder.flush();
  clock.advance(30_000);
  recorder.record(anEvent({ message: "cpu 200m → 300m" }));
  await recorder.flush();
  assert.equal(writes.length, 2);
  assert.equal(writes[1]?.verb, "patch");
  assert.equal(writes[1]?.path, `/api/v1/namespaces/berth-system/events/${EVENT_NAME}`);
  assert.deepEqual(writes[1]?.body, {
    count: 2,
    message: "cpu 200m → 300m",
    lastTimestamp: "2026-01-01T00:00:30Z",
  });
});

test("repetitions before the first is sent are one write", async () => {
  const { recorder, writes } = recording();
  recorder.record(anEvent({ name: "first" }));
  for (let n = 0; n < 50; n += 1) recorder.record(anEvent());
  await recorder.flush();
  assert.deepEqual(
    writes.map(({ verb, body }) => [verb, body["count"]]),
    [
      ["create", 1],
      ["create", 50],
    ],
  );
});

test("after ten quiet minutes a repetition is an event of its own, as is one the server has forgotten", async () => {
  const { recorder, writes, clock, refusals } = recording();
  recorder.record(anEvent());
  await recorder.flush();
  clock.advance(600_000);
  recorder.record(anEvent());
  await recorder.flush();
  refusals.push(new KubeApiError({ status: 404, reason: "NotFound", message: "gone" }));
  recorder.record(anEvent());
  await recorder.flush();
  assert.deepEqual(
    writes.map(({ verb, body }) => [verb, body["count"]]),
    [
      ["create", 1],
      ["create", 1],
      ["create", 2],
    ],
  );
});

test("the subject of a cluster-scoped event stands in namespace default", async () => {
  const { recorder, writes } = recording();
  recorder.record(anEvent({ subject: { apiVersion: "v1", kind: "Node", name: "n1" } }));
  await recorder.flush();
  assert.equal(writes[0]?.path, "/api/v1/namespaces/default/events");
});

test("sixty events go at once, then one a second", async () => {
  const { recorder, writes, clock } = recording();
  for (let n = 0; n < 70; n += 1) recorder.record(anEvent({ name: `pod-${n}` }));
  await recorder.flush();
  assert.equal(writes.length, 60);
  for (let second = 1; second <= 5; second += 1) {
    clock.advance(1_000);
    await recorder.flush();
    assert.equal(writes.length, 60 + second);
  }
  clock.advance(60_000);
  await recorder.flush();
  assert.equal(writes.length, 70);
  assert.equal(clock.nextDueMs(), undefined);
});

test("a full queue drops what comes, and a refused event is dropped without a sound", async () => {
  const { recorder, writes, refusals } = recording();
  refusals.push(new OperationError("KubeUnreachable", "away"));
  for (let n = 0; n < 1_002; n += 1) recorder.record(anEvent({ name: `pod-${n}` }));
  await recorder.flush();
  assert.equal(writes.length, 59);
  // One left the queue at once, 1,000 filled it, and one found it full; one of those sent was refused.
  assert.equal(recorder.dropped, 2);
  await recorder.stop();
  assert.equal(recorder.dropped, 1_002 - 59);
});

test("stopping sends what the rate still permits and leaves no timer", async () => {
  const { recorder, writes, clock } = recording();
  for (let n = 0; n < 65; n += 1) recorder.record(anEvent({ name: `pod-${n}` }));
  await recorder.stop();
  recorder.record(anEvent({ name: "late" }));
  assert.equal(writes.length, 60);
  assert.equal(clock.nextDueMs(), undefined);
});

test("long messages and names are cut to what the API server accepts", async () => {
  const { recorder, writes } = recording();
  recorder.record(anEvent({ name: "n".repeat(253), message: "m".repeat(5_000) }));
  await recorder.flush();
  const [write] = writes;
  assert.equal(String(write?.body["message"]).length, 1_024);
  const metadata = write?.body["metadata"] as { readonly name: string };
  assert.ok(metadata.name.length <= 253);
});
