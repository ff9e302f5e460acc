import assert from "node:assert/strict";
import { test } from "node:test";

import { exposition } from "./exposition.ts";

test("samples of the same labels are one series with their sum", () => {
  const labels = { app: "other" };
  const samples = [{ labels, value: 1 }, { labels, value: 2.5 }, { value: 3 }];
  assert.equal(
    exposition([{ name: "x_total", help: "X.", type: "counter", samples }]),
    '# HELP x_total X.\n# TYPE x_total counter\nx_total{app="other"} 3.5\nx_total 3\n',
  );
});

test("label values and help are escaped", () => {
  const samples = [{ labels: { a: 'q"b\\s\nn' }, value: 1 }];
  assert.equal(
    exposition([{ name: "x", help: "a\nb", type: "gauge", samples }]),
    '# HELP x a\\nb\n# TYPE x gauge\nx{a="q\\"b\\\\s\\nn"} 1\n',
  );
});
