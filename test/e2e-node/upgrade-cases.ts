// The DaemonSet's image changes while clients ask, over connections that stay open and over new ones: what is lost, and
// how long a change takes. Where the node has room for two proxies, where it has none at all, where the next one is slow
// to start, and where the old one is made to go first.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { Resources } from "#model/resources.ts";
import { berthImage } from "#tools/image/berth-image.ts";
import { ENTRY_POINT, NODE_PATH } from "#tools/image/image-content.ts";
import { decodeProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import { fillerPod } from "./example-pods.ts";
import { answerOf, removePod } from "./mesh-apps.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { type NodeProxy, nodeProxy, roomOnNode } from "./node-proxy.ts";
import { isReady, type Pod } from "./pod.ts";
import { patchProxies, quantities, settled, urlOf } from "./resize-cases.ts";
import { ON_A_KEPT_CONNECTION, SteadyLoad } from "./steady-load.ts";

const CHANGES = 5;
/** Load between two changes: lost requests are counted with the change that lost them. */
const CALM_MS = 2_000;
/** More than kubelet waits before it asks a new container whether it has started, several times over. */
const SLOW_START_MS = 8_000;
const ONE_BY_ONE = { maxSurge: 0, maxUnavailable: 1 };
/** The manifests' own. */
const SURGE = { maxSurge: 1, maxUnavailable: 0 };

export function upgradeCases(cluster: () => NodeCluster): void {
  test(`${CHANGES} image changes under load, drain first`, async (t) => {
    await setStrategy(cluster(), ONE_BY_ONE);
    await underChanges(t, cluster(), async (load) => {
      for (let change = 1; change <= CHANGES; change++) {
        const failures = await changed(t, load, `drain first ${change}`, () =>
          changeImage(cluster(), `berth:drain-first-${change}`),
        );
        // With one node and no second proxy nobody listens for a while, and a handshake that is under way when the last
        // listener closes ends in a reset. But nothing is lost of what a proxy has accepted.
        assert.deepEqual(
          failures.filter(
            (failure) =>
              failure.includes(ON_A_KEPT_CONNECTION) || !/ECONNREFUSED|read ECONNRESET/.test(failure),
          ),
          [],
        );
      }
    });
    await setStrategy(cluster(), SURGE);
  });

  test(`${CHANGES} image changes under load, surge`, async (t) => {
    await underChanges(t, cluster(), async (load) => {
      for (let change = 1; change <= CHANGES; change++)
        assert.deepEqual(
          await changed(t, load, `surge ${change}`, () => changeImage(cluster(), `berth:surge-${change}`)),
          [],
        );
    });
  });

  test(`${CHANGES} image changes under load, surge on a node without any room`, async (t) => {
    const full = (await settled(cluster())).view.requests;
    await fill(cluster());
    await underChanges(t, cluster(), async (load) => {
      for (let change = 1; change <= CHANGES; change++) {
        assert.deepEqual(await roomOnNode(cluster()), { cpuMilli: 0, memoryBytes: 0 });
        const failures = await changed(t, load, `no room ${change}`, () =>
          changeImage(cluster(), `berth:no-room-${change}`),
        );
        assert.deepEqual(failures, []);
        // The next one has it all again.
        await cluster().until(
          async () => textOf((await nodeProxy(cluster())).view.requests) === textOf(full),
          `the proxy to have ${textOf(full)}`,
        );
      }
    });
    const [filler] = await cluster().pods("default", { labelSelector: "filler" });
    assert.equal(filler?.status.phase, "Running", "nobody had to go for a proxy");
    await removePod(cluster(), "filler", "default");
  });

  test(`a next proxy that starts ${SLOW_START_MS / 1000} s late is waited for, and nothing is lost`, async (t) => {
    const late = `data:text/javascript,await new Promise((start) => setTimeout(start, ${SLOW_START_MS}))`;
    const [, ...program] = ENTRY_POINT;
    await underChanges(t, cluster(), async (load) => {
      const commands = { late: [NODE_PATH, "--import", late, ...program], "in time": null };
      for (const [name, command] of Object.entries(commands)) {
        const failures = await changed(t, load, `next proxy ${name}`, () =>
          changeTemplate(cluster(), () =>
            patchProxies(cluster(), { containers: [{ name: "proxy", command }] }),
          ),
        );
        assert.deepEqual(failures, []);
      }
    });
  });
}

async function setStrategy(cluster: NodeCluster, rollingUpdate: object): Promise<void> {
  const patch = { spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate } } };
  const args = ["patch", "daemonset", "berth-proxy", `--patch=${JSON.stringify(patch)}`];
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, ...args);
}

async function underChanges(
  t: TestContext,
  cluster: NodeCluster,
  work: (load: SteadyLoad) => Promise<void>,
): Promise<void> {
  const url = await urlOf(cluster, "web");
  const load = new SteadyLoad(url);
  try {
    await work(load);
    assert.equal(await answerOf(url), "web-0");
  } finally {
    const { answered, failed } = await load.stop();
    t.diagnostic(`in all ${answered} requests answered, ${failed} lost`);
  }
}

/** @returns the failures of that change. */
async function changed(
  t: TestContext,
  load: SteadyLoad,
  name: string,
  change: () => Promise<string>,
): Promise<readonly string[]> {
  await setTimeout(CALM_MS);
  const before = load.tally;
  const failuresBefore = before.failures.length;
  const startedMs = performance.now();
  const sizes = await change();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  await setTimeout(CALM_MS);
  const after = load.tally;
  const failures = after.failures.slice(failuresBefore);
  const lost = after.failed - before.failed;
  const asked = after.answered - before.answered + lost;
  const refused = lost === 0 ? "" : `, ${spanOf(failures)} s from the first to the last`;
  t.diagnostic(
    `${name}: ${seconds} s, ${lost} of ${asked} requests lost ${kinds(failures)}${refused}; ${sizes}`,
  );
  return failures;
}

/** @returns the sizes that the proxies had meanwhile. */
export async function changeImage(cluster: NodeCluster, image: string): Promise<string> {
  await cluster.node.load(berthImage({ name: `docker.io/library/${image}`, labels: { image } }));
  return changeTemplate(cluster, async () => {
    await cluster.kubectl("-n", SYSTEM_NAMESPACE, "set", "image", "daemonset/berth-proxy", `proxy=${image}`);
  });
}

async function changeTemplate(cluster: NodeCluster, change: () => Promise<void>): Promise<string> {
  const before = await nodeProxy(cluster);
  const sizes = new Map<string, readonly string[]>();
  await change();
  await cluster.until(async () => {
    const pods = await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL });
    for (const pod of pods) note(sizes, pod);
    return pods.length === 1 && pods.every((pod) => isNextReady(pod, before));
  }, "the DaemonSet's new pod");
  return [...sizes.values()].map((list) => list.join(" → ")).join(", then ");
}

function isNextReady(pod: Pod, { pod: { metadata } }: NodeProxy): boolean {
  return pod.metadata.uid !== metadata.uid && isReady(pod);
}

function note(sizes: Map<string, readonly string[]>, pod: Pod): void {
  const size = textOf(decodeProxyPod(pod).requests);
  const known = sizes.get(pod.metadata.uid) ?? [];
  if (known.at(-1) !== size) sizes.set(pod.metadata.uid, [...known, size]);
}

function textOf(size: Resources): string {
  const { cpu, memory } = quantities(size);
  return `${cpu} ${memory}`;
}

/** A pod that takes all that the node has left. */
async function fill(cluster: NodeCluster): Promise<void> {
  const pod = fillerPod({ name: "filler", ...(await roomOnNode(cluster)) });
  await cluster.connection.create(resourcePath({ ...PODS, namespace: "default" }), pod);
  await cluster.until(async () => (await cluster.pods("default")).every(isReady), "the filler to run");
}

/** Failures by what their messages say, times and paths left out. */
function kinds(failures: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const failure of failures) {
    const kind = failure.split(": ").slice(1).join(": ");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return JSON.stringify(Object.fromEntries(counts));
}

/** Seconds; each failure begins with its time. */
function spanOf(failures: readonly string[]): string {
  const times = failures.map((failure) => Date.parse(failure.split(" ")[0] ?? "")).toSorted((a, b) => a - b);
  return (((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000).toFixed(1);
}
