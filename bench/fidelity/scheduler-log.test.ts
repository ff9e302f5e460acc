import assert from "node:assert/strict";
import { test } from "node:test";
import { loggedAttempts } from "./scheduler-log.ts";

const at = (line: number): string => `I1123 07:20:00.000001    4711 schedule_one.go:${line}]`;

test("totals and weighted scores are read by pod, of its last attempt alone", () => {
  const log = [
    `${at(117)} "Attempting to schedule pod" pod="bench/app-0"`,
    `${at(1030)} "Calculated node's final score for pod" pod="bench/app-0" node="n1" score=1`,
    `${at(117)} "Attempting to schedule pod" pod="bench/app-0"`,
    `${at(985)} "Plugin scored node for pod" pod="bench/app-0" plugin="ImageLocality" node="n1" score=7`,
    `${at(1030)} "Calculated node's final score for pod" pod="bench/app-0" node="n1" score=407`,
    `${at(1030)} "Calculated node's final score for pod" pod="bench/app-0" node="n2" score=-3`,
    `${at(117)} "Attempting to schedule pod" pod="bench/app-1"`,
    `${at(483)} "Successfully bound pod to node" pod="bench/app-1" node="n2" evaluatedNodes=2 feasibleNodes=1`,
    "Flag --something has been deprecated",
  ];
  const attempts = loggedAttempts(log.join("\n"));
  assert.deepEqual(
    attempts.get("app-0")?.totals,
    new Map([
      ["n1", 407],
      ["n2", -3],
    ]),
  );
  assert.deepEqual(attempts.get("app-0")?.scores, new Map([["ImageLocality", new Map([["n1", 7]])]]));
  assert.equal(attempts.get("app-0")?.evaluatedNodes, undefined);
  assert.equal(attempts.get("app-1")?.totals.size, 0);
  assert.equal(attempts.get("app-1")?.evaluatedNodes, 2);
});
