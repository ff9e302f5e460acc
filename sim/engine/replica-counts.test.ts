import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterLedger } from "#model/ledger.ts";
import { ReplicaCounts } from "./replica-counts.ts";
import { replayPod } from "./replay-pod.ts";
import { aTracePod } from "./test-trace.ts";

test("an app wants those alive and those that arrive together; who leaves is not replaced", () => {
  const ledger = new ClusterLedger();
  const counts = new ReplicaCounts(ledger);
  const [first, second, third] = ["a", "b", "c"].map((id) =>
    replayPod(aTracePod({ id }), { kind: "nodeProxy" }),
  );
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  for (const pod of [first, second, third]) counts.arriving(pod);
  assert.equal(ledger.siblingsToCome(first), 2);
  counts.left(third);
  assert.equal(ledger.siblingsToCome(first), 1);
  counts.left(second);
  counts.left(first);
  assert.equal(ledger.siblingsToCome(first), 0);
  counts.arriving(first);
  assert.equal(ledger.siblingsToCome(first), 0);
});
