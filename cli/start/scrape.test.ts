import assert from "node:assert/strict";
import { test } from "node:test";
import { startScriptedServer } from "#kube/scripted-server.ts";
import { Scrape, scrape } from "./scrape.ts";

const TEXT = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{app="shop/cart",direction="inbound"} 3
requests_total{direction="outbound",app="shop/cart"} 4
requests_total{app="shop/cart-2",direction="inbound"} 50
requests_total{other_app="shop/cart",direction="inbound"} 600
requests_total_created 7000
size_bytes 1.5e+06
`;

test("series of a metric add up, all of them or those that carry the labels", () => {
  const metrics = new Scrape(TEXT);
  assert.equal(metrics.sum("requests_total"), 657);
  assert.equal(metrics.sum("requests_total", { app: "shop/cart" }), 7);
  assert.equal(metrics.sum("requests_total", { app: "shop/cart", direction: "outbound" }), 4);
  assert.equal(metrics.sum("size_bytes"), 1_500_000);
  assert.equal(metrics.sum("absent_total"), 0);
});

test("metrics are read from where they are served", async () => {
  await using server = await startScriptedServer((_, response) => void response.end(TEXT));
  assert.equal((await scrape(`${server.url}/metrics`)).sum("size_bytes"), 1_500_000);
});
