import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import { MIB } from "#test/builders/sizes.ts";
import { type AnsweredSeries, type Asked, matrix, PrometheusBed } from "../testing/prometheus-bed.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "../testing/recommender-bed.ts";

const NODE = "node-1" as NodeName;
const CART = "shop/cart" as AppName;
const STEP_SECONDS = 300;

/** A proxy that used twice what two pods of cart cost by the model, all day long. */
const RISES: Readonly<Record<string, number>> = {
  berth_proxy_process_cpu_seconds_total: 0.24 * STEP_SECONDS,
  berth_proxy_instance_cpu_seconds_total: 0.14 * STEP_SECONDS,
  berth_proxy_requests_total: 100,
};
const LEVELS: Readonly<Record<string, number>> = {
  berth_proxy_process_resident_bytes: 368 * MIB,
  berth_proxy_pods: 2,
  berth_proxy_connections: 10,
  berth_proxy_instance_held_seconds_total: 0,
  berth_proxy_instance_memory_bytes: 240 * MIB,
};

function answerOf({ query = "", start = "", end = "", step = "" }: Asked): { readonly body: unknown } {
  const [, metricName = ""] = /\((berth_\w+)\{/.exec(query) ?? [];
  const values: [number, string][] = [];
  for (let at = Number(start), index = 0; at <= Number(end); at += Number(step), index++)
    values.push([at, String(LEVELS[metricName] ?? index * (RISES[metricName] ?? Number.NaN))]);
  const labels = query.includes("app) (") ? { node: NODE, app: CART } : { node: NODE };
  const series: AnsweredSeries[] = [{ metric: labels, values }];
  if (labels.app !== undefined) series.push({ metric: { node: NODE, app: "other" }, values });
  return matrix(series);
}

test("a recommender that starts with a Prometheus knows at its first reading what the node was seen to need", async () => {
  await using prometheus = await PrometheusBed.start();
  prometheus.answer = answerOf;
  await using bed = await RecommenderBed.start({ prometheusAddress: prometheus.address });
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  // The costs that the past taught are in the profile by now, so that nothing is left to correct.
  const node = bed.ledger.node(NODE);
  assert.ok(node !== undefined);
  const { cpuMilli, memoryBytes } = bed.model.requiredNow(node, bed.clock.nowMs());
  assert.ok(Math.abs(cpuMilli - 240) < 5, String(cpuMilli));
  assert.ok(Math.abs(memoryBytes / MIB - 368) < 10, String(memoryBytes));
  const learned = bed.model.learnedOf(CART);
  assert.ok((learned?.samples ?? 0) > 250, String(learned?.samples));
  // Each metric once, for both nodes together.
  assert.equal(prometheus.asked.length, 8);
  assert.match(prometheus.asked[0]?.["query"] ?? "", /\{node=~"node-1\|node-2"\}/);
  assert.match(
    await bed.metrics.registry.metrics(),
    /history_samples_total\{source="proxies",verdict="taken"\} 28\d/,
  );
});

test("a Prometheus that is away is tried three times, and then the recommender begins without it", async () => {
  await using prometheus = await PrometheusBed.start();
  prometheus.answer = () => ({ status: 503, body: "starting" });
  await using bed = await RecommenderBed.start({ prometheusAddress: prometheus.address });
  const use = (): void =>
    bed.api.setMetricsSource(() => [
      { namespace: "berth-system", name: "proxy-on-node-1", cpuMilli: 240, memoryBytes: 368 * MIB },
    ]);
  bed.join("cart", 2);
  use();
  await bed.pass(2 * USAGE_INTERVAL_MS);
  assert.equal(bed.correction(), undefined);
  await bed.pass(20 * USAGE_INTERVAL_MS);
  assert.equal(prometheus.asked.length, 3);
  assert.notEqual(bed.correction(), undefined);
});

test("samples that cannot be are counted and left out, and the rest is learned", async () => {
  await using prometheus = await PrometheusBed.start();
  prometheus.answer = (asked) => {
    const { body } = answerOf(asked) as { body: { data: { result: AnsweredSeries[] } } };
    const [first] = body.data.result;
    if (first !== undefined && (asked["query"] ?? "").includes("resident_bytes"))
      body.data.result = [
        { ...first, values: first.values.map(([at], n) => [at, n % 2 ? String(368 * MIB) : "-1"]) },
      ];
    return { body };
  };
  await using bed = await RecommenderBed.start({ prometheusAddress: prometheus.address });
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  const text = await bed.metrics.registry.metrics();
  assert.match(text, /source="proxies",verdict="negative"\} 14\d/);
  assert.match(text, /source="proxies",verdict="missing"\} 14\d/);
  // Ten minutes apart is still one reading.
  assert.match(text, /source="proxies",verdict="taken"\} 14\d/);
});
