import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeApiError } from "#kube/api-error.ts";
import { type TargetPods, targetPods } from "./vpa-target.ts";

const ROLLOUTS = [
  { name: "rollouts", kind: "Rollout", namespaced: true },
  { name: "rollouts/status", kind: "Rollout", namespaced: true },
  { name: "rollouts/scale", kind: "Scale", namespaced: true },
  { name: "analyses", kind: "Analysis", namespaced: true },
];
const SCALE = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/scale";

/** An API server that answers these paths, and nothing else. */
async function selected(
  answers: Readonly<Record<string, unknown>>,
  { apiVersion = "argoproj.io/v1alpha1", kind = "Rollout" } = {},
): Promise<TargetPods> {
  const get = (path: string): Promise<unknown> => {
    if (Object.hasOwn(answers, path)) return Promise.resolve(answers[path]);
    return Promise.reject(new KubeApiError({ status: 404, reason: "NotFound", message: path }));
  };
  return targetPods({ get } as Parameters<typeof targetPods>[0], "shop", { apiVersion, kind, name: "web" });
}

const DISCOVERED = { "/apis/argoproj.io/v1alpha1": { resources: ROLLOUTS } };

test("a custom kind's pods are those that its scale selects", async () => {
  const pods = await selected({ ...DISCOVERED, [SCALE]: { status: { selector: "app=web,tier in (a,b)" } } });
  assert.deepEqual(pods, { kind: "selected", labelSelector: "app=web,tier in (a,b)", selector: [] });
});

test("a target that cannot be followed is unknown, and says why", async () => {
  const message = async (
    answers: Parameters<typeof selected>[0],
    target?: Parameters<typeof selected>[1],
  ) => {
    const pods = await selected(answers, target);
    assert.equal(pods.kind, "unknown");
    return pods.kind === "unknown" ? pods.message : "";
  };
  assert.match(await message({}), /serves no such group and version/);
  assert.match(await message(DISCOVERED, { kind: "Fleet" }), /serves no such kind/);
  assert.match(await message(DISCOVERED, { kind: "Analysis" }), /has no scale subresource/);
  assert.match(await message({}, { apiVersion: "not a version" }), /no group and version/);
  assert.match(await message(DISCOVERED), /there is no Rollout web; what is known of its pods is kept/);
  // An empty selector would select every pod of the namespace.
  assert.match(await message({ ...DISCOVERED, [SCALE]: { status: { selector: "" } } }), /no status.selector/);
  assert.match(await message({ ...DISCOVERED, [SCALE]: { status: { selector: 5 } } }), /is none/);
});

test("a scale that the recommender may not read is said with what lets it", async () => {
  const get = (path: string): Promise<unknown> =>
    path === SCALE
      ? Promise.reject(new KubeApiError({ status: 403, reason: "Forbidden", message: "no" }))
      : Promise.resolve({ resources: ROLLOUTS });
  const target = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web" };
  const pods = await targetPods({ get } as Parameters<typeof targetPods>[0], "shop", target);
  assert.match(pods.kind === "unknown" ? pods.message : "", /may not read.*components\/scaled-kinds/);
});

test("a failure of the API server's is no verdict on the target", async () => {
  const get = () => Promise.reject(new KubeApiError({ status: 503, reason: "Unavailable", message: "away" }));
  const target = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web" };
  await assert.rejects(targetPods({ get }, "shop", target), KubeApiError);
});
