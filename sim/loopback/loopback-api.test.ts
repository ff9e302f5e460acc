import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { request } from "undici";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { ContractApi } from "#test/contract/contract-api.ts";
import type { Wire } from "#test/contract/contract-api.ts";
import { aConfigMap, aPod } from "#test/contract/samples.ts";
import { LoopbackApi } from "./loopback-api.ts";

let clock: VirtualClock;
let loopback: LoopbackApi;
let api: ContractApi;
let url: string;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  loopback = new LoopbackApi({ clock, watchHistoryLength: 8 });
  ({ url } = await loopback.listen({ host: "127.0.0.1", port: 0 }));
  api = new ContractApi({ url }, "default");
});

afterEach(() => loopback.close());

test("a port in use is the user's to mend", async () => {
  const second = new LoopbackApi({ clock });
  const port = Number(new URL(url).port);
  await assert.rejects(second.listen({ host: "127.0.0.1", port }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /in use/);
    return true;
  });
  await second.close();
});

test("a body above the limit is refused", async () => {
  const body = JSON.stringify(aConfigMap("large", { v: "x".repeat(3 * 1024 * 1024) }));
  const { code, body: status } = await api.postText(api.core("configmaps"), body);
  assert.equal(code, 413);
  assert.equal(status.reason, "RequestEntityTooLarge");
});

test("a list from a version to come is answered with a timeout", async () => {
  const { code, body } = await api.get(`${api.core("pods")}?resourceVersion=999999`);
  assert.equal(code, 504);
  assert.equal(body.details.causes[0].reason, "ResourceVersionTooLarge");
});

test("a continue token outlives five minutes only as an error", async () => {
  for (const n of [1, 2]) await api.post(api.core("configmaps"), aConfigMap(`c${n}`));
  const first = await api.get(`${api.core("configmaps")}?limit=1`);
  assert.equal(first.body.metadata.remainingItemCount, 1);
  const rest = `${api.core("configmaps")}?limit=1&continue=${first.body.metadata.continue}`;
  assert.equal((await api.get(rest)).code, 200);
  clock.advance(5 * 60_000);
  const { code, body } = await api.get(rest);
  assert.equal(code, 410);
  assert.equal(body.reason, "Expired");
});

test("a watch cannot resume from before the bounded history", async () => {
  const { body: created } = await api.post(api.core("configmaps"), aConfigMap("first"));
  for (let n = 0; n < 11; n++) loopback.store.create("configmaps", aConfigMap(`c${n}`));
  const version = created.metadata.resourceVersion;
  const watch = await api.watch(`${api.core("configmaps")}?watch=true&resourceVersion=${version}`);
  assert.equal((await watch.next()).object.code, 410);
});

test("bookmarks carry the latest version, to watches that allow them, on demand and every minute", async () => {
  const version = loopback.store.resourceVersion;
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
  const watch = await api.watch(`${api.core("pods")}?${query}`);
  loopback.store.create("nodes", { metadata: { name: "n" } });
  loopback.bookmarkWatchers();
  const event = await watch.next();
  assert.equal(event.type, "BOOKMARK");
  assert.equal(event.object.kind, "Pod");
  assert.equal(event.object.metadata.resourceVersion, String(version + 1));
  clock.advance(60_000);
  assert.equal((await watch.next()).type, "BOOKMARK");
  watch.close();
});

test("a watch is not shown what is older than the version it starts from", async () => {
  const ahead = loopback.store.resourceVersion + 2;
  const watch = await api.watch(`${api.core("configmaps")}?watch=true&resourceVersion=${ahead}`);
  for (const name of ["a", "b", "c"])
    loopback.store.create("configmaps", { ...aConfigMap(name), metadata: { name, namespace: "default" } });
  assert.equal(await watch.nextChange(), "ADDED c");
  watch.close();
});

test("the metrics API answers what the source says, for pods that are there", async () => {
  await api.post(api.core("pods"), aPod({ name: "busy", labels: { app: "x" } }));
  loopback.setMetricsSource(() => [
    { namespace: "default", name: "busy", cpuMilli: 250, memoryBytes: 64 * 1024 * 1024 },
    { namespace: "default", name: "gone", cpuMilli: 1, memoryBytes: 1 },
  ]);
  const { body } = await api.get("/apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dx");
  assert.equal(body.kind, "PodMetricsList");
  assert.equal(body.items.length, 1);
  assert.deepEqual(body.items[0].containers, [{ name: "main", usage: { cpu: "250m", memory: "64Mi" } }]);
  const path = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods";
  assert.equal((await api.get(`${path}/busy`)).body.kind, "PodMetrics");
  assert.equal((await api.get(`${path}/gone`)).code, 404);
});

test("clients find out what is served", async () => {
  assert.equal((await api.get("/readyz")).body, "ok");
  assert.equal((await api.get("/version")).body.minor, "37");
  const { resources } = (await api.get("/api/v1")).body;
  const core = new Set(resources.map((resource: Wire) => resource.name));
  for (const name of ["pods", "pods/resize", "pods/binding", "pods/status", "nodes"])
    assert.ok(core.has(name), name);
  assert.equal((await api.get("/apis/berth.dev/v1alpha1")).body.kind, "APIResourceList");
  const groups = (await api.get("/apis")).body.groups.map((group: Wire) => group.name);
  assert.ok(groups.includes("metrics.k8s.io"));
});

test("a dry run answers as if and stores nothing", async () => {
  const { code } = await api.post(`${api.core("configmaps")}?dryRun=All`, aConfigMap("dry"));
  assert.equal(code, 201);
  assert.equal((await api.get(api.core("configmaps", "dry"))).code, 404);
});

interface Hook {
  readonly url: string;
  readonly reviews: Wire[];
  close(): void;
}

async function aHook(respond: (review: Wire) => object | undefined): Promise<Hook> {
  const reviews: Wire[] = [];
  const server = createServer((incoming, response) => {
    let text = "";
    incoming.on("data", (chunk) => (text += String(chunk)));
    incoming.on("end", () => {
      const review = JSON.parse(text);
      reviews.push(review);
      const answer = respond(review);
      // A hook that does not answer is what the timeout is for.
      if (answer !== undefined)
        response.end(JSON.stringify({ ...review, response: { uid: review.request.uid, ...answer } }));
      else clock.advance(1_000);
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mutate`, reviews, close };
}

function register(hookUrl: string, options: object = {}): void {
  const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }];
  const webhook = {
    name: "hook.example.com",
    clientConfig: { url: hookUrl },
    rules,
    timeoutSeconds: 1,
    ...options,
  };
  loopback.store.create("mutatingwebhookconfigurations", {
    metadata: { name: "hooks" },
    webhooks: [webhook],
  });
}

const patchOf = (operations: object[]): object => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

test("a webhook changes the pods it selects, and their QoS class follows", async () => {
  const limits = { cpu: "100m", memory: "1Mi" };
  const hook = await aHook(() =>
    patchOf([{ op: "add", path: "/spec/containers/0/resources/limits", value: limits }]),
  );
  register(hook.url, { objectSelector: { matchLabels: { mesh: "yes" } } });
  const inside = await api.post(api.core("pods"), aPod({ name: "inside", labels: { mesh: "yes" } }));
  const outside = await api.post(api.core("pods"), aPod({ name: "outside" }));
  hook.close();
  assert.equal(inside.body.status.qosClass, "Guaranteed");
  assert.equal(outside.body.status.qosClass, "BestEffort");
  assert.equal(hook.reviews.length, 1);
  const [{ request: review }] = hook.reviews;
  assert.deepEqual([review.operation, review.namespace, review.name], ["CREATE", "default", "inside"]);
  assert.equal(review.object.spec.schedulerName, "default-scheduler");
});

test("a webhook that denies is heard", async () => {
  const hook = await aHook(() => ({ allowed: false, status: { message: "not today" } }));
  register(hook.url);
  const { code, body } = await api.post(api.core("pods"), aPod({ name: "denied" }));
  hook.close();
  assert.equal(code, 403);
  assert.equal(body.message, 'admission webhook "hook.example.com" denied the request: not today');
});

test("a webhook that does not answer in time fails the pod, or is ignored if it may", async () => {
  const hook = await aHook(() => undefined);
  register(hook.url, { failurePolicy: "Fail" });
  const failed = await api.post(api.core("pods"), aPod({ name: "failed" }));
  assert.equal(failed.code, 500);
  assert.match(failed.body.message, /failed calling webhook "hook.example.com"/);
  loopback.store.delete("mutatingwebhookconfigurations", { name: "hooks" });
  register(hook.url, { failurePolicy: "Ignore" });
  assert.equal((await api.post(api.core("pods"), aPod({ name: "ignored" }))).code, 201);
  hook.close();
});

test(
  "a watcher that does not read is cut off at the limit, and the others go on",
  { timeout: 20_000 },
  async () => {
    const stuck = await request(`${url}${api.core("configmaps")}?watch=true`);
    const watch = await api.watch(`${api.core("configmaps")}?watch=true&fieldSelector=metadata.name%3Dlast`);
    const large = "x".repeat(8 * 1024 * 1024);
    const cut = new Promise<void>((resolve) => stuck.body.once("error", () => resolve()));
    for (let n = 0; n < 12; n++) {
      loopback.store.create("configmaps", {
        metadata: { name: `c${n}`, namespace: "default" },
        data: { large },
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    loopback.store.create("configmaps", { metadata: { name: "last", namespace: "default" } });
    assert.equal(await watch.nextChange(), "ADDED last");
    stuck.body.resume();
    await cut;
    watch.close();
  },
);
