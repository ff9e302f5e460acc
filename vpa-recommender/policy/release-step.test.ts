import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { BAD, ReleasedFleet } from "../testing/released-fleet.ts";

const LOOK_MS = 5_000;

/** Looks, and lets every node read the record, until the release stands still or so many looks are over. */
function run(fleet: ReleasedFleet, looks: number, everyMs = LOOK_MS): void {
  for (let look = 0; look < looks; look++) {
    fleet.look()();
    for (const name of fleet.nodes.keys()) fleet.deliver(name);
    fleet.pass(everyMs);
  }
}

function released(count: number, rules: ConstructorParameters<typeof ReleasedFleet>[1] = {}): ReleasedFleet {
  const fleet = new ReleasedFleet(count, rules);
  fleet.pass(60_000);
  run(fleet, 1);
  return fleet;
}

test("the first version of a profile is what all nodes have", () => {
  const fleet = released(3);
  assert.equal(fleet.record?.phase, "Settled");
  assert.deepEqual(fleet.record.settled, { version: 1, config: "one" });
});

test("a bad version reaches the first node, is taken back from it, and stays away", () => {
  const fleet = released(30);
  fleet.edit(BAD);
  run(fleet, 100);
  const { record } = fleet;
  assert.equal(record?.phase, "Halted");
  assert.equal(record.reason, "ErrorRate");
  assert.match(record.message, /^version 2 is taken back: \d+ of \d+ requests failed on node-\d+, and 0.0 %/);
  assert.equal(fleet.seenBad().length, 1);
  assert.deepEqual(record.inUse, [{ version: 1, nodes: 30 }]);
  for (const { version } of fleet.nodes.values()) assert.equal(version.version, 1);
});

test("a good version reaches thirty nodes, three at once, the first alone", () => {
  const fleet = released(30);
  fleet.edit("two");
  run(fleet, 200);
  assert.equal(fleet.record?.phase, "Settled");
  assert.equal(fleet.record.settled.version, 2);
  assert.deepEqual(fleet.record.previous, [{ version: 1, config: "one" }]);
  assert.equal(fleet.unprovenMost, 3);
  assert.deepEqual(fleet.record.inUse, [{ version: 2, nodes: 30 }]);
  for (const { version } of fleet.nodes.values()) assert.equal(version.version, 2);
});

test("the first node is one that has requests", () => {
  const fleet = released(10);
  const busy = [...fleet.nodes.keys()].at(4);
  const plain = fleet.report.bind(fleet);
  fleet.report = (name) => {
    const report = plain(name);
    return report === undefined || name === busy
      ? report
      : { ...report, attempts: 0, errors: 0, before: { attempts: 0, errors: 0 } };
  };
  fleet.edit("two");
  run(fleet, 3);
  assert.equal(fleet.record?.firstNode, busy);
});

test("a spec that is put back ends its release where it began", () => {
  const fleet = released(30);
  fleet.edit("two");
  run(fleet, 20);
  assert.equal(fleet.record?.phase, "RollingOut");
  fleet.edit("one");
  run(fleet, 1);
  assert.equal(fleet.record?.phase, "Settled");
  assert.equal(fleet.record.settled.version, 1);
});

test("another change in the middle begins anew, with the first node alone", () => {
  const fleet = released(30);
  fleet.edit("two");
  run(fleet, 20);
  assert.ok((fleet.record?.reach ?? 0) > 0);
  fleet.edit("three");
  run(fleet, 2);
  assert.equal(fleet.record?.target?.version, 3);
  assert.equal(fleet.record?.reach, 0);
  assert.equal(fleet.record?.settled.version, 1);
});

test("what settled before goes to all nodes at once if that is asked for, and what did not does not", () => {
  const fleet = released(30);
  fleet.edit("two");
  run(fleet, 200);
  fleet.edit("one");
  fleet.isAtOnce = true;
  run(fleet, 1);
  assert.equal(fleet.record?.phase, "Settled");
  assert.equal(fleet.record.settled.version, 3);
  for (const { version } of fleet.nodes.values()) assert.equal(version.config, "one");
  fleet.edit("never seen");
  fleet.isAtOnce = true;
  run(fleet, 2);
  assert.equal(fleet.record?.phase, "RollingOut");
});

test("a node that cannot be asked pauses the release, and lets it go on when it answers", () => {
  const fleet = released(10);
  fleet.edit("two");
  run(fleet, 2);
  const first = fleet.nodes.get(fleet.record?.firstNode as NodeName);
  assert.ok(first !== undefined);
  first.isSilent = true;
  run(fleet, 100);
  assert.equal(fleet.record?.phase, "Paused");
  assert.equal(fleet.record.reason, "NodeUnknown");
  assert.equal(fleet.record.reach, 0);
  for (const node of fleet.nodes.values()) node.isSilent = false;
  run(fleet, 100);
  assert.equal(fleet.record?.phase, "Settled");
});

test("a paused release goes no further, and takes back what is bad all the same", () => {
  const fleet = released(10);
  fleet.edit("two");
  run(fleet, 2);
  Object.assign(fleet.rules, { isPaused: true });
  run(fleet, 100);
  assert.equal(fleet.record?.phase, "Paused");
  assert.equal(fleet.record.nodes.updated, 1);
  const bad = released(10);
  bad.edit(BAD);
  run(bad, 2);
  Object.assign(bad.rules, { isPaused: true });
  run(bad, 100);
  assert.equal(bad.record?.phase, "Halted");
});

test("an app on no node, and one whose proxies are not asked, take their version at once", () => {
  const fleet = released(0);
  fleet.edit("two");
  run(fleet, 1);
  assert.equal(fleet.record?.settled.version, 2);
});

test("only so many nodes may be the first one after the other", () => {
  const fleet = released(10);
  fleet.edit("two");
  for (let turn = 0; turn < 10; turn++) {
    run(fleet, 2);
    const { firstNode } = fleet.record ?? {};
    if (firstNode !== undefined) fleet.nodes.delete(firstNode);
  }
  assert.equal(fleet.record?.phase, "Halted");
  assert.equal(fleet.record.reason, "NoFirstNode");
  assert.equal(fleet.firstNodes.size, 3);
});

test("a good version reaches five thousand nodes, a hundred at once, with a record that stays small", () => {
  const fleet = released(5_000, { nodesMax: 100 });
  fleet.edit("two");
  let largest = 0;
  do {
    run(fleet, 1, fleet.rules.pauseMs);
    largest = Math.max(largest, JSON.stringify(fleet.record).length);
  } while (fleet.record?.settled.version !== 2);
  assert.equal(fleet.unprovenMost, 100);
  assert.ok(largest < 500, `${largest} characters`);
});

for (let seed = 1; seed <= 150; seed++) {
  test(`whatever happens in whatever order, a bad version stays on first nodes (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const fleet = released(1 + random.integer(30), { nodesRatioMax: 0.25 });
    const pending: (() => void)[] = [];
    const anyNode = (): NodeName => {
      const names = [...fleet.nodes.keys()];
      return names[random.integer(names.length)] ?? ("none" as NodeName);
    };
    for (let step = 0; step < 600; step++) {
      const dice = random.next();
      if (dice < 0.3) pending.push(fleet.look());
      else if (dice < 0.55) pending.splice(random.integer(pending.length), 1)[0]?.();
      else if (dice < 0.8) fleet.deliver(anyNode());
      else if (dice < 0.93) fleet.pass(random.integer(20_000));
      else if (dice < 0.94) fleet.crash();
      else if (dice < 0.95) fleet.restart(anyNode());
      else if (dice < 0.96) toggleSilence(fleet, anyNode());
      else if (dice < 0.97) fleet.join();
      else if (dice < 0.98 && fleet.nodes.size > 1) fleet.nodes.delete(anyNode());
      else if (dice < 0.99) fleet.edit(random.next() < 0.5 ? BAD : `good ${step}`);
      for (const name of fleet.seenBad())
        assert.ok(fleet.firstNodes.has(name), `${name} has a bad version, and was never first`);
    }
    for (const node of fleet.nodes.values()) node.isSilent = false;
    fleet.edit("last");
    run(fleet, 400);
    assert.equal(fleet.record?.phase, "Settled", fleet.record?.message);
    assert.equal(fleet.record.settled.config, "last");
    for (const { version } of fleet.nodes.values()) assert.equal(version.config, "last");
  });
}

function toggleSilence(fleet: ReleasedFleet, name: NodeName): void {
  const node = fleet.nodes.get(name);
  if (node !== undefined) node.isSilent = !node.isSilent;
}
