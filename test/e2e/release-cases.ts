// Releases on the real control plane, by the recommender under its own account. Proxies of this suite have addresses that
// nobody can reach, so what a change does here is to wait; how one goes through is seen in test/releases.

import assert from "node:assert/strict";
import { test } from "node:test";
import { meshAppOf, splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import type { Release } from "#model/release.ts";
import { decodeReleasedProfile, type ReleasedProfile } from "#kube/released-profile.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { runRollback } from "#cli/release/rollback-command.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

export function releaseCases(cluster: () => TestCluster): void {
  test("the first version of every profile is recorded, with a condition", async () => {
    const profiles = async (): Promise<readonly ReleasedProfile[]> => {
      const { items } = (await cluster().connection.get(resourcePath(MESH_PROFILES))) as {
        readonly items: readonly unknown[];
      };
      return items.map(decodeReleasedProfile);
    };
    await cluster().until(
      async () => (await profiles()).every(({ release }) => release?.phase === "Settled"),
      "a record of every profile",
    );
    for (const { app, conditions } of await profiles()) {
      const condition = conditions.find(({ type }) => type === "Released");
      assert.equal(condition?.status, "True", app);
    }
  });

  test("a change that nobody can judge waits where nobody has it, and one command takes it back", async () => {
    const app = await hostedApp(cluster());
    const path = resourcePath({ ...MESH_PROFILES, ...splitAppName(app) });
    const release = async (): Promise<Release | undefined> =>
      decodeReleasedProfile(await cluster().connection.get(path)).release;
    const before = await release();
    await cluster().connection.patch(path, { spec: { quota: { concurrency: 77 } } }, { type: "merge" });
    await cluster().until(async () => (await release())?.phase === "Paused", "the change to wait");
    const waiting = await release();
    assert.equal(waiting?.reason, "NoFirstNode");
    assert.equal(waiting.settled.config, before?.settled.config);
    assert.equal(waiting.firstNode, undefined);
    const { namespace, name } = splitAppName(app);
    const columns = await cluster().kubectl("-n", namespace, "get", "meshprofile", name, "-o", "wide");
    assert.match(columns, /VERSION +RELEASE.*\n.* Paused /);

    const argv = [app, `--kubeconfig=${cluster().kubeconfig}`];
    await runRollback(argv, () => undefined);
    await cluster().until(async () => (await release())?.phase === "Settled", "the version before");
    assert.equal((await release())?.settled.config, before?.settled.config);
  });
}

async function hostedApp(cluster: TestCluster): Promise<AppName> {
  const pods = (await cluster.pods(APP_NAMESPACE)) as readonly {
    readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly nodeName?: string };
  }[];
  for (const { metadata, spec } of pods) {
    const app = meshAppOf(metadata.namespace, metadata.labels ?? {});
    if (app !== undefined && spec.nodeName !== undefined) return app;
  }
  throw new Error("no pod of an app has a node");
}
