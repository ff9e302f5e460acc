import assert from "node:assert/strict";
import { test } from "node:test";
import { PROXY_LABEL } from "#model/app.ts";
import { decodeNodeProxyAutoscaler } from "#kube/node-proxy-autoscaler-schema.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "../testing/recommender-bed.ts";
import { RECOMMENDATION_ANNOTATION } from "./proxy-pod.ts";

const NAMESPACE = "berth-system";
const HOUR_MS = 3_600_000;

function prepare(bed: RecommenderBed, spec: JsonObject = {}): void {
  const requests = { cpu: "150m", memory: "192Mi" };
  const resources = { requests, limits: { memory: "256Mi" } };
  const labels = { [PROXY_LABEL]: "berth" };
  bed.api.store.create("daemonsets", {
    metadata: { namespace: NAMESPACE, name: "berth-proxy" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "proxy", image: "i", resources }] } },
    },
  });
  bed.api.store.create("nodeproxyautoscalers", {
    metadata: { namespace: NAMESPACE, name: "proxies" },
    spec: { targetRef: { kind: "DaemonSet", name: "berth-proxy" }, ...spec },
  });
}

function template(bed: RecommenderBed): unknown {
  const found = bed.api.store.get("daemonsets", { namespace: NAMESPACE, name: "berth-proxy" });
  assert.ok(found !== undefined);
  const { template: made } = found.spec as unknown as {
    template: { spec: { containers: readonly { resources: unknown; image: string }[] } };
  };
  const [container] = made.spec.containers;
  assert.equal(container?.image, "i");
  return container.resources;
}

function said(bed: RecommenderBed): string | undefined {
  const object = bed.api.store.get("nodeproxyautoscalers", { namespace: NAMESPACE, name: "proxies" });
  const { status } = decodeNodeProxyAutoscaler(object);
  const condition = status.conditions?.find(({ type }) => type === "TemplateSized");
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
}

test("where the API server has no pods/resize the template follows the nodes, rarely, and says so", async () => {
  await using bed = await RecommenderBed.start({ hasResize: false });
  prepare(bed);
  await bed.settle();
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  // Of two nodes nine tenths are both: the larger one's 170m and 248 MiB with headroom; the limit keeps its distance.
  const first = { requests: { cpu: "220m", memory: "312Mi" }, limits: { memory: "376Mi" } };
  assert.deepEqual(template(bed), first);
  assert.deepEqual(
    bed.patches.filter((kind) => kind === "resize"),
    [],
  );
  assert.equal(bed.requests(), "150m 192Mi");
  assert.deepEqual(JSON.parse(bed.proxy().metadata.annotations?.[RECOMMENDATION_ANNOTATION] ?? ""), {
    cpu: "220m",
    memory: "312Mi",
  });
  assert.deepEqual(
    bed.events.filter(({ reason }) => reason === "TemplateSized").map(({ message }) => message),
    ["template set to 220m CPU and 312Mi, which 90 % of 2 nodes do with; every pod is restarted"],
  );
  assert.match(said(bed) ?? "", /^True (Changed|RightSize): the API server has no pods\/resize/);

  // More is called for at once, and waits until a day is over.
  bed.join("search", 6);
  await bed.pass(5 * USAGE_INTERVAL_MS);
  assert.deepEqual(template(bed), first);
  assert.match(said(bed) ?? "", /^False TooSoon: .* 1 nodes call for more than it has$/);
  await bed.pass(24 * HOUR_MS);
  assert.notDeepEqual(template(bed), first);
  assert.equal(bed.events.filter(({ reason }) => reason === "TemplateSized").length, 2);
});

test("in mode Off the template is nobody's to change", async () => {
  await using bed = await RecommenderBed.start({ hasResize: false });
  prepare(bed, { updateMode: "Off" });
  await bed.settle();
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  assert.deepEqual(template(bed), {
    requests: { cpu: "150m", memory: "192Mi" },
    limits: { memory: "256Mi" },
  });
  assert.match(said(bed) ?? "", /^False UpdateModeOff/);
});

test("where pods are resized the template is left alone, and nothing is said of it", async () => {
  await using bed = await RecommenderBed.start();
  prepare(bed);
  await bed.settle();
  bed.join("cart", 2);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  assert.equal(bed.requests(), "220m 312Mi");
  assert.deepEqual((template(bed) as { requests: unknown }).requests, { cpu: "150m", memory: "192Mi" });
  assert.equal(said(bed), undefined);
});
