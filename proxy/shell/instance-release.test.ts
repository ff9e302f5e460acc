import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { InstanceCounters } from "./instance-counters.ts";
import { InstanceRelease } from "./instance-release.ts";

function anInstance() {
  const counters = new InstanceCounters();
  const restarts = new Map<string, number>();
  const replaced: string[] = [];
  const clock = new VirtualClock(0);
  const release = new InstanceRelease({ counters, restarts, replace: (why) => replaced.push(why) }, clock);
  return { counters, restarts, replaced, clock, release };
}

test("a version is told with its age, and with what was counted since it began and before", () => {
  const { counters, restarts, clock, release } = anInstance();
  assert.equal(release.report(), undefined);
  release.configured({ version: 1 });
  for (let count = 0; count < 10; count++) counters.add("inbound", "requests", 1);
  counters.addResponse("inbound", 500);
  restarts.set("stalled", 2);
  clock.advance(1_000);
  release.configured({ version: 2 });
  clock.advance(500);
  counters.add("outbound", "requests", 3);
  counters.addReason("inbound", "callerNotAllowed");
  restarts.set("stalled", 3);
  release.notReplaced();
  assert.deepEqual(release.report(), {
    version: 2,
    ageMs: 500,
    failures: 2,
    attempts: 3,
    errors: 1,
    before: { attempts: 10, errors: 1 },
  });
});

test("the same version again begins nothing anew", () => {
  const { clock, release } = anInstance();
  release.configured({ version: 1 });
  clock.advance(1_000);
  release.configured({ version: 1 });
  assert.equal(release.report()?.ageMs, 1_000);
});

test("refusals count once, by answer or by reason, and what is the client's fault not at all", () => {
  const { counters, release } = anInstance();
  release.configured({ version: 1 });
  counters.add("inbound", "requests", 4);
  counters.addReason("inbound", "concurrencyLimited");
  counters.addResponse("inbound", 503);
  counters.addReason("inbound", "rateLimited");
  counters.addResponse("inbound", 429);
  counters.addReason("inbound", "malformedRequest");
  counters.addResponse("inbound", 400);
  counters.addReason("inbound", "clientAborted");
  // A connection that is closed at once never becomes a request.
  counters.addReason("inbound", "connectionsLimited");
  const { attempts, errors } = release.report() ?? {};
  assert.deepEqual({ attempts, errors }, { attempts: 5, errors: 3 });
});

test("another instance is asked for once by each id, and not by one from before its time", () => {
  const { release, replaced } = anInstance();
  release.configured({ restartId: "before" });
  assert.equal(replaced.length, 0);
  release.configured({ restartId: "now" });
  release.configured({ restartId: "now" });
  release.configured({});
  release.configured({ restartId: "now" });
  assert.equal(replaced.length, 1);
  release.configured({ restartId: "again" });
  assert.equal(replaced.length, 2);
});
