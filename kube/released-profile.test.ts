import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { REACH_MAX } from "#model/release.ts";
import { DecodeError } from "./decode-pod.ts";
import { decodeMeshProfile } from "./mesh-profile-schema.ts";
import { releaseStatus } from "./release-schema.ts";
import { decodeNodeProfile, decodeReleasedProfile } from "./released-profile.ts";

const NODE = "node-1" as NodeName;

interface ProfileParts {
  readonly spec?: object;
  readonly release?: object;
  readonly annotations?: object;
}

function aProfile({ spec = {}, release, annotations }: ProfileParts): object {
  const metadata = { namespace: "shop", name: "cart", generation: 7, annotations };
  return { metadata, spec, ...(release !== undefined && { status: { release } }) };
}

function aRelease(parts: object = {}): object {
  return {
    phase: "RollingOut",
    settled: { version: 5, config: { quota: { requestsPerSecond: 5, memory: "1Gi", connections: 9 } } },
    target: { version: 7, config: { quota: { requestsPerSecond: 3, memory: "2Gi" }, isolation: "process" } },
    reach: 0,
    reason: "Judging",
    message: "",
    nodes: { total: 3, updated: 1, proven: 0 },
    ...parts,
  };
}

test("without a record a node has what the spec says, and its generation", () => {
  const profile = decodeNodeProfile(aProfile({ spec: { quota: { connections: 4 } } }), NODE);
  assert.deepEqual(profile.quota, { connections: 4 });
  assert.equal(profile.version, 7);
});

test("a node has what settled until its turn comes, whatever the spec says", () => {
  const spec = { quota: { requestsPerSecond: 1 } };
  const waiting = decodeNodeProfile(aProfile({ spec, release: aRelease() }), NODE);
  assert.deepEqual(waiting.quota, { requestsPerSecond: 5, memoryBytes: 1024 ** 3, connections: 9 });
  assert.equal(waiting.isolation, undefined);
  assert.equal(waiting.version, 5);
  for (const turn of [{ firstNode: NODE }, { reach: REACH_MAX }]) {
    const updated = decodeNodeProfile(aProfile({ spec, release: aRelease(turn) }), NODE);
    assert.equal(updated.quota.requestsPerSecond, 3);
    assert.equal(updated.isolation, "process");
    assert.equal(updated.version, 7);
  }
});

test("those who bound apps from above see each limit at its highest, and none that a version lacks", () => {
  const { quota } = decodeMeshProfile(aProfile({ release: aRelease() }));
  assert.deepEqual(quota, { memoryBytes: 2 * 1024 ** 3, requestsPerSecond: 5 });
});

test("a version that is not understood here is refused, and one that is not this node's is not", () => {
  const release = aRelease({ target: { version: 7, config: { gravity: 1 } } });
  assert.equal(decodeNodeProfile(aProfile({ release }), NODE).version, 5);
  assert.deepEqual(decodeMeshProfile(aProfile({ release })).quota, {});
  const mine = aRelease({ target: { version: 7, config: { gravity: 1 } }, firstNode: NODE });
  assert.throws(() => decodeNodeProfile(aProfile({ release: mine }), NODE), DecodeError);
});

test("a release is read back as it was written, and keys in another order are the same configuration", () => {
  const spec = { isolation: "process", quota: { memory: "2Gi", requestsPerSecond: 3 } };
  const { release, wanted } = decodeReleasedProfile(aProfile({ spec, release: aRelease() }));
  assert.ok(release !== undefined);
  assert.equal(release.target?.config, wanted.config);
  const again = decodeReleasedProfile(aProfile({ spec, release: releaseStatus(release) }));
  assert.deepEqual(again.release, release);
});

test("what there is to do: record the first, follow a change, and nothing for what stands still", () => {
  const spec = { quota: { requestsPerSecond: 5, memory: "1Gi", connections: 9 }, placement: {} };
  const due = (parts: ProfileParts): unknown => decodeMeshProfile(aProfile(parts)).releaseDue;
  const { target, ...settled } = aRelease() as { readonly target: { readonly config: object } };
  assert.equal(due({ spec }), "unrecorded");
  assert.equal(due({ spec, release: settled }), undefined);
  assert.equal(due({ spec: {}, release: settled }), "changed");
  assert.equal(due({ spec, release: aRelease() }), "changed");
  const halted = aRelease({ phase: "Halted" });
  assert.equal(due({ spec: target.config, release: halted }), undefined);
  const leaving = {
    ...halted,
    inUse: [
      { version: 5, nodes: 2 },
      { version: 7, nodes: 1 },
    ],
  };
  assert.equal(due({ spec: target.config, release: leaving }), "changed");
  assert.equal(due({ spec: {}, release: halted }), "changed");
});

test("a restart is for the node that it names, or for all, and nonsense is for none", () => {
  const idOn = (restart: string): string | undefined =>
    decodeNodeProfile(aProfile({ annotations: { "berth.dev/restart": restart } }), NODE).restartId;
  assert.equal(idOn('{"id":"a"}'), "a");
  assert.equal(idOn('{"id":"a","node":"node-1"}'), "a");
  for (const other of ['{"id":"a","node":"node-2"}', '{"id":5}', "null", "now", ""])
    assert.equal(idOn(other), undefined, other);
});

test("a version is for all nodes at once only if that was said of this very generation", () => {
  const isAtOnce = (generation: string): boolean =>
    decodeReleasedProfile(aProfile({ annotations: { "berth.dev/release-at-once": generation } })).isAtOnce;
  assert.equal(isAtOnce("7"), true);
  assert.equal(isAtOnce("6"), false);
});
