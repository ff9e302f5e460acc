import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { Shares } from "#model/shares.ts";
import type { RequestOptions } from "#kube/connection.ts";
import { nodeSliceObject } from "#kube/node-slice.ts";
import type { Query } from "#kube/query.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { aNodeSlice } from "#test/builders/a-node-slice.ts";

import type { WatchedPod } from "../policy/pod-registry.ts";
import { until } from "../testing/host-bed.ts";
import type { AppSettings, ClusterListener } from "./cluster-source.ts";
import { ClusterWatch } from "./cluster-watch.ts";

const MESH_PODS = "berth.dev/mesh=enabled";
const PROXY_PODS = "berth.dev/node-proxy";

/** Answers lists from what it holds and sends watch events when told. */
class PlayedConnection {
  readonly queries: (Query | undefined)[] = [];
  readonly #lists: Readonly<Record<string, readonly unknown[]>>;
  readonly #events = new Map<string, unknown[]>([
    [MESH_PODS, []],
    [PROXY_PODS, []],
  ]);
  #wake = Promise.withResolvers<void>();

  constructor(lists: Readonly<Record<string, readonly unknown[]>>) {
    this.#lists = lists;
  }

  async request({ path, query }: RequestOptions): Promise<unknown> {
    this.queries.push(query);
    return { metadata: { resourceVersion: "1" }, items: this.#lists[path] ?? [] };
  }

  async *watch(_path: string, query: Query, signal: AbortSignal): AsyncGenerator<unknown, void> {
    const events = this.#events.get(String(query["labelSelector"])) ?? [];
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.resolve());
    while (!signal.aborted) {
      yield* events.splice(0);
      await Promise.race([aborted.promise, this.#wake.promise]);
    }
  }

  async close(): Promise<void> {}

  podEvent(type: string, object: unknown): void {
    this.#event(MESH_PODS, { type, object });
  }

  proxyEvent(object: unknown): void {
    this.#event(PROXY_PODS, { type: "MODIFIED", object });
  }

  #event(selector: string, event: unknown): void {
    this.#events.get(selector)?.push(event);
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}

class Heard implements ClusterListener {
  readonly log: string[] = [];

  podSeen({ uid, condition }: WatchedPod): void {
    this.log.push(`seen ${uid} ${condition}`);
  }
  podDeleted(uid: PodUid): void {
    this.log.push(`deleted ${uid}`);
  }
  podsListed(uids: ReadonlySet<PodUid>): void {
    this.log.push(`pods ${[...uids].join()}`);
  }
  settingsSeen({ app, quota, ports }: AppSettings): void {
    this.log.push(`settings ${app} ${quota.concurrency} ${ports?.inbound}`);
  }
  settingsDeleted(app: AppName): void {
    this.log.push(`settings deleted ${app}`);
  }
  identitySeen(app: AppName): void {
    this.log.push(`identity of ${app}`);
  }

  sharesSeen(shares: Shares | undefined): void {
    this.log.push(`shares ${shares?.version} of ${[...(shares?.apps.keys() ?? [])].join()}`);
  }
  settingsListed(apps: ReadonlySet<AppName>): void {
    this.log.push(`apps ${[...apps].join()}`);
  }
}

function aPod(uid: string, resourceVersion: string, status: object = {}): unknown {
  const labels = { "berth.dev/mesh": "enabled", "berth.dev/app": "cart" };
  return {
    metadata: { uid, name: "cart-0", namespace: "shop", resourceVersion, labels },
    spec: { containers: [{ ports: [{ containerPort: 80 }] }] },
    status: { podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }], ...status },
  };
}

test("this node's mesh pods and all profiles are listed, and changes follow", async (context) => {
  const profile = {
    metadata: { name: "cart", namespace: "shop", resourceVersion: "1" },
    spec: { quota: { concurrency: 5 } },
    status: { ports: { inbound: 20_000, outbound: 20_001 } },
  };
  const connection = new PlayedConnection({
    "/api/v1/pods": [aPod("first", "1")],
    "/apis/berth.dev/v1alpha1/meshprofiles": [profile],
    "/apis/discovery.k8s.io/v1/endpointslices": [nodeSliceObject(aNodeSlice(), "1")],
  });
  const slices: string[] = [];
  const watch = new ClusterWatch({
    connection,
    nodeName: "n1" as NodeName,
    podName: "proxy-1",
    clock: systemClock(),
    logger: silentLogger,
    random: () => 0.5,
    services: {
      sliceSeen: ({ service, entries }) => void slices.push(`${service} ${entries.length}`),
      sliceGone: () => undefined,
    },
  });
  const heard = new Heard();
  assert.equal(watch.isSynced, false);
  watch.start(heard);
  context.after(() => watch.stop());
  await until(() => watch.isSynced);
  assert.deepEqual(heard.log.toSorted(), [
    "apps shop/cart",
    "pods first",
    "seen first ready",
    "settings shop/cart 5 20000",
  ]);
  const selectors = connection.queries.map((query) => [query?.["fieldSelector"], query?.["labelSelector"]]);
  await until(() => slices.length > 0);
  assert.deepEqual(slices, ["cart 1"]);
  assert.deepEqual(selectors[0], ["spec.nodeName=n1", "berth.dev/mesh=enabled"]);
  assert.deepEqual(selectors.slice(2), [
    [undefined, "endpointslice.kubernetes.io/managed-by=berth.dev,berth.dev/service"],
    ["spec.nodeName=n1", "berth.dev/node-proxy"],
  ]);

  heard.log.length = 0;
  // A StatefulSet's pod: the same name with another uid, and no event for the end of the first.
  connection.podEvent("MODIFIED", aPod("second", "2"));
  await until(() => heard.log.length === 2);
  connection.podEvent("MODIFIED", aPod("second", "3", { phase: "Succeeded" }));
  await until(() => heard.log.length === 3);
  assert.deepEqual(heard.log, ["deleted first", "seen second ready", "deleted second"]);
});

function aProxyPod(name: string, resourceVersion: string, shares: string): unknown {
  const annotations = { "berth.dev/shares": shares };
  return { metadata: { uid: name, name, namespace: "berth", resourceVersion, annotations }, spec: {} };
}

test("the proxy's own pod says how it is shared; what makes no sense is refused, and what was said before stays", async (context) => {
  const connection = new PlayedConnection({});
  const watch = new ClusterWatch({
    connection,
    nodeName: "n1" as NodeName,
    podName: "proxy-1",
    services: { sliceSeen: () => undefined, sliceGone: () => undefined },
    clock: systemClock(),
    logger: silentLogger,
    random: () => 0.5,
  });
  const heard = new Heard();
  watch.start(heard);
  context.after(() => watch.stop());
  await until(() => watch.isSynced);
  heard.log.length = 0;
  const amount = { cpuMilli: 10, memoryBytes: 10 };
  const shares = (version: number): string =>
    JSON.stringify({ version, apps: { "shop/cart": { guaranteed: amount, cap: amount } } });
  connection.proxyEvent(aProxyPod("proxy-2", "2", shares(5)));
  connection.proxyEvent(aProxyPod("proxy-1", "3", shares(1)));
  connection.proxyEvent(aProxyPod("proxy-1", "4", '{"version":2,"apps":{"shop/cart":{"guaranteed":{}}}}'));
  await until(() => watch.refusedConfigurations === 1);
  connection.proxyEvent(aProxyPod("proxy-1", "5", shares(3)));
  await until(() => heard.log.length === 2);
  assert.deepEqual(heard.log, ["shares 1 of shop/cart", "shares 3 of shop/cart"]);
});

test("a proxy that starts in the middle of a release takes what its node's turn is, and not what the spec says", async (context) => {
  const release = {
    phase: "RollingOut",
    settled: { version: 1, config: { quota: { concurrency: 5 } } },
    target: { version: 2, config: { quota: { concurrency: 6 } } },
    firstNode: "n1",
    reach: 0,
    reason: "Judging",
    message: "",
    nodes: { total: 2, updated: 1, proven: 0 },
  };
  const profile = {
    metadata: { name: "cart", namespace: "shop", resourceVersion: "1", generation: 3 },
    spec: { quota: { concurrency: 7 } },
    status: { ports: { inbound: 20_000, outbound: 20_001 }, release },
  };
  for (const [nodeName, concurrency] of [
    ["n1", 6],
    ["n2", 5],
  ] as const) {
    const watch = new ClusterWatch({
      connection: new PlayedConnection({ "/apis/berth.dev/v1alpha1/meshprofiles": [profile] }),
      nodeName: nodeName as NodeName,
      podName: undefined,
      services: { sliceSeen: () => undefined, sliceGone: () => undefined },
      clock: systemClock(),
      logger: silentLogger,
      random: () => 0.5,
    });
    const heard = new Heard();
    watch.start(heard);
    context.after(() => watch.stop());
    await until(() => watch.isSynced);
    assert.ok(heard.log.includes(`settings shop/cart ${concurrency} 20000`), heard.log.join());
  }
});
