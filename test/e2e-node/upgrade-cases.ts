// The DaemonSet's image changes while clients ask, over connections that stay open and over new ones: what is lost, and
// how long a change takes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { berthImage } from "#tools/image/berth-image.ts";
import { answerOf } from "./mesh-apps.ts";
import { type NodeCluster, SYSTEM_NAMESPACE } from "./node-cluster.ts";
import { nodeProxy, proxyRolledOut } from "./node-proxy.ts";
import { urlOf } from "./resize-cases.ts";
import { SteadyLoad } from "./steady-load.ts";

const CHANGES = 5;
/** Load between two changes: lost requests are counted with the change that lost them. */
const CALM_MS = 2_000;

/** The last one is the manifests' own. */
const STRATEGIES = {
  "drain first": { maxSurge: 0, maxUnavailable: 1 },
  surge: { maxSurge: 1, maxUnavailable: 0 },
} as const;

export function upgradeCases(cluster: () => NodeCluster): void {
  for (const [name, rollingUpdate] of Object.entries(STRATEGIES)) {
    test(`${CHANGES} image changes under load, ${name}`, async (t) => {
      await cluster().kubectl(
        "-n",
        SYSTEM_NAMESPACE,
        "patch",
        "daemonset",
        "berth-proxy",
        `--patch=${JSON.stringify({ spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate } } })}`,
      );
      const url = await urlOf(cluster(), "web");
      const load = new SteadyLoad(url);
      try {
        for (let change = 1; change <= CHANGES; change++) {
          const image = `berth:${name.replaceAll(" ", "-")}-${change}`;
          await cluster().node.load(berthImage({ name: `docker.io/library/${image}`, labels: { image } }));
          await setTimeout(CALM_MS);
          const before = load.tally;
          const failuresBefore = before.failures.length;
          const startedMs = performance.now();
          await changeImage(cluster(), image);
          const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
          await setTimeout(CALM_MS);
          const after = load.tally;
          const lost = after.failed - before.failed;
          const asked = after.answered - before.answered + lost;
          t.diagnostic(
            `${name} ${change}: ${seconds} s, ${lost} of ${asked} requests lost ${kinds(after.failures.slice(failuresBefore))}`,
          );
          if (name === "surge") assert.equal(lost, 0);
          // With one node and no second proxy nobody listens for a while. But nothing that was begun is lost.
          else
            assert.deepEqual(
              after.failures.filter((failure) => !failure.includes("ECONNREFUSED")),
              [],
            );
          assert.equal(await answerOf(url), "web-0");
        }
      } finally {
        await load.stop();
      }
    });
  }
}

async function changeImage(cluster: NodeCluster, image: string): Promise<void> {
  const before = await nodeProxy(cluster);
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "set", "image", "daemonset/berth-proxy", `proxy=${image}`);
  await proxyRolledOut(cluster, before);
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
