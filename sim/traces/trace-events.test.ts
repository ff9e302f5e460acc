import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { TracePod } from "./trace.ts";
import { traceEvents } from "./trace-events.ts";

function aPod(id: string, createSeconds: number, deleteSeconds?: number): TracePod {
  const request = { cpuMilli: 100, memoryBytes: 1024 };
  return { id, app: "cart", request, createSeconds, deleteSeconds };
}

function told(pods: readonly TracePod[]): string[] {
  return [...traceEvents(pods)].map(({ kind, atSeconds, pod }) => `${atSeconds} ${kind} ${pod.id}`);
}

test("departures of a second come before its arrivals, and equals keep their order", () => {
  assert.deepEqual(told([aPod("late", 5), aPod("b", 0, 5), aPod("a", 0, 5), aPod("later", 5)]), [
    "0 arrival b",
    "0 arrival a",
    "5 departure b",
    "5 departure a",
    "5 arrival late",
    "5 arrival later",
  ]);
});

test("a pod that leaves in the second it comes arrives first", () => {
  assert.deepEqual(told([aPod("brief", 3, 3), aPod("old", 0, 3)]), [
    "0 arrival old",
    "3 departure old",
    "3 arrival brief",
    "3 departure brief",
  ]);
});

test("events are in order of time, each pod arrives once and leaves after that, if at all", () => {
  const anyPods = fc
    .array(fc.record({ create: fc.nat(20), life: fc.option(fc.nat(10), { nil: undefined }) }))
    .map((lives) =>
      lives.map(({ create, life }, index) =>
        aPod(`p${index}`, create, life === undefined ? undefined : create + life),
      ),
    );
  fc.assert(
    fc.property(anyPods, (pods) => {
      const events = [...traceEvents(pods)];
      const present = new Set<TracePod>();
      let last = 0;
      for (const { kind, atSeconds, pod } of events) {
        assert.ok(atSeconds >= last);
        last = atSeconds;
        if (kind === "arrival") {
          assert.equal(atSeconds, pod.createSeconds);
          assert.ok(!present.has(pod));
          present.add(pod);
        } else {
          assert.equal(atSeconds, pod.deleteSeconds);
          assert.ok(present.delete(pod));
        }
      }
      assert.equal(events.filter(({ kind }) => kind === "arrival").length, pods.length);
      assert.deepEqual(new Set(pods.filter((pod) => pod.deleteSeconds === undefined)), present);
    }),
  );
});
