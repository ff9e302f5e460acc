import assert from "node:assert/strict";
import { test } from "node:test";

import { requestDeadlineMs } from "./request-deadline.ts";

test("a request may take as long as its sender says, within what the profile allows", () => {
  assert.equal(requestDeadlineMs("250", 1_000), 250);
  assert.equal(requestDeadlineMs("2500", 1_000), 1_000);
  assert.equal(requestDeadlineMs(undefined, 1_000), 1_000);
  assert.equal(requestDeadlineMs("250", undefined), 250);
  assert.equal(requestDeadlineMs(undefined, undefined), undefined);
});

test("what is no number of milliseconds is nothing said", () => {
  for (const text of ["", "0", "-1", "1.5", "1s", "1e3", " 5", "99999999999"])
    assert.equal(requestDeadlineMs(text, undefined), undefined, JSON.stringify(text));
});
