import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { test } from "node:test";
import { REASONS } from "../reasons.ts";
import { statusText } from "./status-text.ts";

test("every status that the proxy answers with has the text that Node gives it", () => {
  let answered = 0;
  for (const { statusCode } of Object.values(REASONS)) {
    if (statusCode === undefined) continue;
    answered++;
    assert.equal(statusText(statusCode), STATUS_CODES[statusCode]);
  }
  assert.ok(answered > 10, `${answered} reasons with a status`);
});
