import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { DEFAULT_LIFECYCLE_TIMES, newInstance, stepInstance, wakeAtMs } from "./instance-lifecycle.ts";
import type { ExitReason, InstanceEvent, InstanceState } from "./instance-lifecycle.ts";

const times = DEFAULT_LIFECYCLE_TIMES;
const ports = { inbound: 20_000, outbound: 20_001 };

/** An instance with the one worker that its effects ask for, on a clock of its own. */
class Bench {
  state: InstanceState = newInstance();
  nowMs = 0;
  worker: "none" | "starting" | "listening" | "draining" | "terminated" = "none";
  successor: "none" | "starting" | "listening" = "none";
  starts = 0;
  removals = 0;

  send(event: InstanceEvent): void {
    const step = stepInstance(this.state, event, { nowMs: this.nowMs, times });
    this.state = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case "start-worker":
          assert.equal(this.worker, "none", "two workers at once");
          assert.equal(this.removals, 0, "a worker for an instance that has gone");
          this.worker = "starting";
          this.starts += 1;
          break;
        case "drain-worker":
          assert.equal(this.worker, "listening", "only what listens can drain");
          this.worker = "draining";
          break;
        case "terminate-worker":
          assert.notEqual(this.worker, "none", "nothing to terminate");
          this.worker = "terminated";
          break;
        case "start-successor":
          assert.equal(this.worker, "listening", "a successor of nothing that listens");
          assert.equal(this.successor, "none", "two successors at once");
          this.successor = "starting";
          break;
        case "switch-to-successor":
          assert.equal(this.successor, "listening", "only what listens can take over");
          this.worker = "listening";
          this.successor = "none";
          break;
        case "promote-successor":
          assert.equal(this.worker, "none", "the place is taken");
          assert.notEqual(this.successor, "none", "nobody to promote");
          this.worker = this.successor;
          this.successor = "none";
          if (this.worker === "listening") this.send({ kind: "listening" });
          break;
        case "terminate-successor":
          assert.notEqual(this.successor, "none", "no successor to terminate");
          this.successor = "none";
          break;
        case "remove":
          assert.equal(this.worker, "none", "an instance left its worker behind");
          assert.equal(this.successor, "none", "an instance left a successor behind");
          this.removals += 1;
          break;
      }
    }
  }

  listen(): void {
    if (this.worker !== "starting") return;
    this.worker = "listening";
    this.send({ kind: "listening" });
  }

  succeed(): void {
    if (this.successor !== "starting") return;
    this.successor = "listening";
    this.send({ kind: "successor-listening" });
  }

  failToSucceed(): void {
    if (this.successor === "none") return;
    this.successor = "none";
    this.send({ kind: "successor-exited" });
  }

  exit(reason: ExitReason): void {
    if (this.worker === "none") return;
    this.worker = "none";
    this.send({ kind: "exited", reason });
  }

  advance(deltaMs: number): void {
    const endMs = this.nowMs + deltaMs;
    for (
      let dueMs = wakeAtMs(this.state);
      dueMs !== undefined && dueMs <= endMs;
      dueMs = wakeAtMs(this.state)
    ) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.send({ kind: "tick" });
    }
    this.nowMs = endMs;
  }

  /** To the next time that the instance itself waits for. */
  wake(): void {
    const dueMs = wakeAtMs(this.state);
    if (dueMs === undefined) return;
    this.nowMs = Math.max(this.nowMs, dueMs);
    this.send({ kind: "tick" });
  }

  /** The worker does what a sound one does, and every time that is waited for comes. */
  settle(): void {
    for (let round = 0; round < 10; round++) {
      if (this.worker === "terminated") this.exit("exited");
      if (this.worker === "draining") this.exit("drained");
      this.listen();
      this.succeed();
      this.wake();
    }
  }
}

function serving(): Bench {
  const bench = new Bench();
  bench.send({ kind: "ports", ports });
  bench.listen();
  assert.equal(bench.state.phase.kind, "serving");
  return bench;
}

test("an instance waits until it has ports", () => {
  const bench = new Bench();
  bench.send({ kind: "wanted" });
  assert.equal(bench.starts, 0);
  bench.send({ kind: "ports", ports });
  assert.equal(bench.starts, 1);
});

test("an instance lingers after its last pod and is shared by the next", () => {
  const bench = serving();
  bench.send({ kind: "unwanted" });
  bench.advance(times.lingerMs - 1);
  assert.equal(bench.state.phase.kind, "lingering");
  bench.send({ kind: "wanted" });
  bench.advance(times.lingerMs * 2);
  assert.equal(bench.state.phase.kind, "serving");
  assert.equal(bench.starts, 1);
});

test("an instance drains and goes when nobody came while it lingered", () => {
  const bench = serving();
  bench.send({ kind: "unwanted" });
  bench.advance(times.lingerMs);
  assert.equal(bench.worker, "draining");
  bench.exit("drained");
  assert.equal(bench.removals, 1);
});

test("a pod that comes while its app's instance drains gets a new one afterwards", () => {
  const bench = serving();
  bench.send({ kind: "unwanted" });
  bench.advance(times.lingerMs);
  bench.send({ kind: "wanted" });
  bench.exit("drained");
  assert.equal(bench.worker, "starting");
  assert.equal(bench.state.failures, 0);
});

test("pauses between restarts grow, and an instance that held on for long starts again with the shortest", () => {
  const bench = serving();
  const pauses: number[] = [];
  for (let death = 0; death < 4; death++) {
    bench.exit("out-of-memory");
    pauses.push((wakeAtMs(bench.state) ?? 0) - bench.nowMs);
    bench.wake();
    bench.listen();
  }
  assert.deepEqual(pauses, [50, 100, 200, 400]);
  bench.advance(times.stableMs);
  bench.exit("uncaught-error");
  assert.equal((wakeAtMs(bench.state) ?? 0) - bench.nowMs, 50);
});

test("an instance that holds on for long only between the loop and its end counts as stable as well", () => {
  const bench = serving();
  for (let death = 0; death < 3; death++) {
    bench.exit("exited");
    bench.wake();
    bench.listen();
  }
  bench.advance(times.stableMs);
  bench.send({ kind: "stalled" });
  assert.equal(bench.worker, "terminated");
  bench.exit("stalled");
  assert.equal(bench.state.failures, 1);
});

test("a worker that never listens is ended and tried again", () => {
  const bench = new Bench();
  bench.send({ kind: "ports", ports });
  bench.advance(times.startTimeoutMs);
  assert.equal(bench.worker, "terminated");
  bench.exit("start-timeout");
  assert.equal(bench.state.phase.kind, "backing-off");
});

test("other ports drain the worker and start one on them", () => {
  const bench = serving();
  bench.send({ kind: "ports", ports: { inbound: 1, outbound: 2 } });
  assert.equal(bench.worker, "draining");
  bench.exit("drained");
  assert.equal(bench.worker, "starting");
});

test("ports that are taken away leave a running instance alone", () => {
  const bench = serving();
  bench.send({ kind: "ports", ports: undefined });
  assert.equal(bench.worker, "listening");
});

test("a drain that takes too long is cut", () => {
  const bench = serving();
  bench.send({ kind: "shutdown" });
  assert.equal(bench.worker, "draining");
  bench.advance(times.drainTimeoutMs);
  assert.equal(bench.worker, "terminated");
  bench.exit("drain-timeout");
  assert.equal(bench.removals, 1);
});

test("a worker that dies during a shutdown is not waited for any longer", () => {
  const bench = serving();
  bench.send({ kind: "shutdown" });
  bench.send({ kind: "stalled" });
  bench.exit("stalled");
  assert.equal(bench.removals, 1);
});

test("an instance that is replaced serves on until the next one listens", () => {
  const bench = serving();
  bench.send({ kind: "recycle" });
  bench.send({ kind: "recycle" });
  assert.deepEqual(
    [bench.worker, bench.successor, bench.state.phase.kind],
    ["listening", "starting", "serving"],
  );
  bench.advance(100);
  bench.succeed();
  assert.deepEqual(bench.state.phase, { kind: "serving", sinceMs: 100 });
  assert.equal(bench.successor, "none");
});

test("a worker that dies while its successor starts leaves its place to it, without a pause", () => {
  const bench = serving();
  bench.send({ kind: "recycle" });
  bench.exit("out-of-memory");
  assert.deepEqual([bench.worker, bench.starts], ["starting", 1]);
  bench.listen();
  assert.equal(bench.state.phase.kind, "serving");
});

test("a successor that never listens is given up, and the worker stays", () => {
  const bench = serving();
  bench.send({ kind: "recycle" });
  bench.advance(times.startTimeoutMs);
  assert.deepEqual([bench.worker, bench.successor], ["listening", "none"]);
  bench.send({ kind: "recycle" });
  assert.equal(bench.successor, "starting");
});

const events = fc.oneof(
  fc.constant((bench: Bench) => bench.send({ kind: "wanted" })),
  fc.constant((bench: Bench) => bench.send({ kind: "unwanted" })),
  fc.constant((bench: Bench) => bench.send({ kind: "ports", ports })),
  fc.constant((bench: Bench) => bench.send({ kind: "ports", ports: { inbound: 5, outbound: 6 } })),
  fc.constant((bench: Bench) => bench.send({ kind: "ports", ports: undefined })),
  fc.constant((bench: Bench) => bench.send({ kind: "stalled" })),
  fc.constant((bench: Bench) => bench.send({ kind: "tick" })),
  fc.constant((bench: Bench) => bench.listen()),
  fc.constant((bench: Bench) => bench.send({ kind: "recycle" })),
  fc.constant((bench: Bench) => bench.succeed()),
  fc.constant((bench: Bench) => bench.failToSucceed()),
  fc
    .constantFrom<ExitReason>("exited", "uncaught-error", "out-of-memory", "bind-failed", "drained")
    .map((reason) => (bench: Bench) => bench.exit(reason)),
  fc.nat(100_000).map((deltaMs) => (bench: Bench) => bench.advance(deltaMs)),
);

test("whatever happens, a wanted instance with ports comes to serve, and an unwanted one goes", () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), fc.boolean(), (steps, isWanted) => {
      const bench = new Bench();
      for (const step of steps) step(bench);
      if (bench.state.phase.kind === "gone") return;
      bench.send({ kind: "ports", ports });
      bench.send({ kind: isWanted ? "wanted" : "unwanted" });
      bench.settle();
      assert.equal(bench.state.phase.kind, isWanted ? "serving" : "gone");
      assert.equal(bench.worker, isWanted ? "listening" : "none");
    }),
    { numRuns: 1000 },
  );
});

test("whatever happens, a shutdown ends with no worker and no instance", () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), (steps) => {
      const bench = new Bench();
      for (const step of steps) step(bench);
      bench.send({ kind: "shutdown" });
      bench.settle();
      assert.equal(bench.state.phase.kind, "gone");
      assert.equal(bench.removals, 1);
      const { starts } = bench;
      for (const step of steps) step(bench);
      assert.equal(bench.starts, starts);
    }),
    { numRuns: 1000 },
  );
});
