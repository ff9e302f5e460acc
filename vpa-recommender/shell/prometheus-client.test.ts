import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationError } from "#runtime/operation-error.ts";
import { matrix, PrometheusBed } from "../testing/prometheus-bed.ts";
import { anyOf, PrometheusClient, quoted } from "./prometheus-client.ts";

const QUESTION = { query: 'up{job="x"}', startMs: 60_000, endMs: 180_000, stepMs: 60_000 };

/** What the client makes of an answer, or the message of its refusal. */
async function asked(answer: PrometheusBed["answer"]): Promise<unknown> {
  await using bed = await PrometheusBed.start();
  bed.answer = answer;
  const client = new PrometheusClient({ address: bed.address, queryMsMax: 5_000 });
  try {
    return await client.range(QUESTION);
  } catch (error) {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, "PrometheusFailed");
    return error.message;
  } finally {
    await client.stop();
  }
}

test("a range query is asked in Prometheus's terms, below the address that was given", async () => {
  await using bed = await PrometheusBed.start();
  const client = new PrometheusClient({ address: `${bed.address}/prometheus`, queryMsMax: 1_500 });
  await client.range(QUESTION);
  await client.stop();
  assert.deepEqual(bed.asked, [
    {
      query: 'up{job="x"}',
      start: "60",
      end: "180",
      step: "60",
      timeout: "1500ms",
      path: "/prometheus/api/v1/query_range",
    },
  ]);
});

test("a matrix becomes series of timed values, what is no number included", async () => {
  // As Prometheus 2.42 answered it, to the rounding of a time; keys that are not read are left alone.
  const body = {
    status: "success",
    warnings: ["some data may be missing"],
    data: {
      resultType: "matrix",
      result: [
        {
          metric: { app: "shop/cart" },
          values: [
            [60, "1.5"],
            [120.001, "NaN"],
            [180, "+Inf"],
          ],
        },
      ],
      stats: {},
    },
  };
  assert.deepEqual(await asked(() => ({ body })), [
    {
      labels: { app: "shop/cart" },
      samples: [
        { timeMs: 60_000, value: 1.5 },
        { timeMs: 120_001, value: Number.NaN },
        { timeMs: 180_000, value: Infinity },
      ],
    },
  ]);
});

test("an error of Prometheus's own is passed on with what it says", async () => {
  const body = { status: "error", errorType: "bad_data", error: "parse error: unexpected end of input" };
  assert.match(String(await asked(() => ({ status: 400, body }))), /^bad_data: parse error/);
});

test("anything else is refused with where it is wrong, and no more of it than fits a line of a log", async () => {
  for (const body of [
    "<html>a login page</html>",
    { status: "success", data: { resultType: "vector", result: [] } },
    { status: "success", data: { resultType: "matrix", result: [{ metric: {}, values: [["60", 1]] }] } },
    { status: "success", data: { resultType: "matrix", result: "x".repeat(100_000) } },
  ]) {
    const refusal = String(await asked(() => ({ body })));
    assert.match(refusal, /no answer to a range query/);
    assert.ok(refusal.length <= 300);
  }
});

test("more series than there may be, or a larger answer, are refused", async () => {
  const series = { metric: {}, values: [] };
  assert.match(
    String(await asked(() => matrix(Array.from({ length: 20_001 }, () => series)))),
    /no answer to a range/,
  );
  const large = `"${"x".repeat(70 * 1024 ** 2)}"`;
  assert.match(String(await asked(() => ({ body: large }))), /127\.0\.0\.1/);
});

test("one that is not there is an operating error", async () => {
  const bed = await PrometheusBed.start();
  const { address } = bed;
  await bed[Symbol.asyncDispose]();
  const client = new PrometheusClient({ address, queryMsMax: 1_000 });
  await assert.rejects(client.range(QUESTION), { name: "OperationError", code: "PrometheusFailed" });
  await client.stop();
});

test("what stands between quotes cannot leave them", () => {
  assert.equal(quoted('a"b\\c\n'), String.raw`"a\"b\\c\n"`);
  assert.equal(anyOf(["node.1", "a|b"]), String.raw`"node\\.1|a\\|b"`);
});
