// What the races are worth: each of these takes one check out, and the races fail.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Mutant } from "../testing/mutant.ts";

const MUTANT = fileURLToPath(new URL("../testing/mutant.ts", import.meta.url));
const RACES = fileURLToPath(new URL("./placement-races.test.ts", import.meta.url));
/** Each of them fails among the first so many. */
const SEEDS = 300;

const NOMINATE_STEPS = "scheduler-extender/policy/nominate.ts";
const VERBS = "scheduler-extender/policy/verbs.ts";

const CHECKS: Readonly<Record<string, Mutant>> = {
  "that a node still fits when kube-scheduler asks": {
    file: VERBS,
    from: "const rejection = rejectionOf(account, demand);",
    to: "const rejection = undefined as ReturnType<typeof rejectionOf>;",
  },
  "that the choice is promised before it is answered": {
    file: VERBS,
    from: "  promise(ledger, { pod: demand, placement }, context);\n",
    to: "",
  },
  "that a promise which a scheduling cycle holds is not moved": {
    file: NOMINATE_STEPS,
    from: "return held !== undefined && held !== course.promise;",
    to: "return false;",
  },
  "that only one's own promise is given back": {
    file: NOMINATE_STEPS,
    from: "if (course.promise !== undefined && ledger.reservationOf(uid) === course.promise) ledger.release(uid);",
    to: "ledger.release(uid);",
  },
  "that a write meets the version it was decided on": {
    file: "scheduler-extender/testing/raced-api.ts",
    from: "placing?.resourceVersion !== effect.pod.resourceVersion",
    to: "placing === undefined",
  },
};

test("races fail without the check", { concurrency: 2 }, async (t) => {
  await Promise.all(
    Object.entries(CHECKS).map(([check, mutant]) =>
      t.test(check, async () => assert.equal(await exitCode(mutant), 1)),
    ),
  );
});

async function exitCode(mutant: Mutant): Promise<number> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const variables = { ...env, BERTH_MUTANT: JSON.stringify(mutant), BERTH_RACES: String(SEEDS) };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["--import", MUTANT, RACES], { env: variables }, (error, stdout, stderr) => {
      const ran = /^(# |ℹ )pass \d/m.test(stdout);
      if (!ran) return reject(new Error(`the races did not run: ${stderr}`));
      resolve(error === null ? 0 : Number(error.code));
    });
  });
}
