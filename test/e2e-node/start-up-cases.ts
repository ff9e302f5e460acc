// How long a pod takes from its creation to the first request that it answers: without a mesh, with a sidecar of the same
// proxy, and with the node's shared proxy. Measured and said, not judged: the machine decides.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { BERTH_IMAGE, type ExamplePodOptions, examplePod, fieldEnv, SHOP } from "./example-pods.ts";
import { answerOf, inboundPort } from "./mesh-apps.ts";
import { NODE_ADDRESS } from "./machine-namespace.ts";
import type { NodeCluster } from "./node-cluster.ts";
import type { Pod } from "./pod.ts";

const ROUNDS = 7;
const ASK_AGAIN_MS = 5;
const ANSWERED_MS_MAX = 60_000;
/** Of pods that nothing injects. */
const PLAIN = "plain";

export function startUpCases(cluster: () => NodeCluster): void {
  test("from a pod's creation to its first answer: no mesh, a sidecar, the shared instance cold and warm", async (t) => {
    await cluster().connection.create("/api/v1/namespaces", { metadata: { name: PLAIN } });
    const times: Record<string, number[]> = {};
    for (let round = 0; round < ROUNDS; round++) {
      const measure = async (kind: string, pod: ExamplePodOptions, urlOf: UrlOf): Promise<void> => {
        (times[kind] ??= []).push(await firstAnswerMs(cluster(), pod, urlOf));
      };
      await measure(NO_MESH, { name: `alone-${round}`, app: "alone", namespace: PLAIN }, ownUrl);
      await measure(SIDECAR, withSidecar(`sidecar-${round}`), sidecarUrl);
      const app = `app-${round}`;
      await measure(COLD, { name: `${app}-0`, app }, meshUrl(app));
      await measure(SECOND, { name: `${app}-1`, app }, meshUrl(app));
      await removeAll(cluster());
    }
    for (const [kind, values] of Object.entries(times)) {
      assert.equal(values.length, ROUNDS);
      t.diagnostic(`${kind}: ${spread(values)}`);
    }
    const saved = (kind: string): string =>
      `${Math.round((1 - median(times[kind] ?? []) / median(times[SIDECAR] ?? [])) * 100)} %`;
    t.diagnostic(`sooner than with a sidecar: cold app ${saved(COLD)}, second pod ${saved(SECOND)}`);
  });
}

const NO_MESH = "no mesh";
const SIDECAR = "sidecar of the same proxy";
const COLD = "shared proxy, first pod of a new app";
const SECOND = "shared proxy, second pod of the app";

/** Where a pod is to be asked; undefined as long as nobody knows. */
type UrlOf = (cluster: NodeCluster, pod: Pod | undefined) => Promise<string | undefined>;

async function firstAnswerMs(
  cluster: NodeCluster,
  options: ExamplePodOptions,
  urlOf: UrlOf,
): Promise<number> {
  const { name, namespace = SHOP } = options;
  const path = resourcePath({ ...PODS, namespace });
  const pod = examplePod(options);
  const createdMs = performance.now();
  await cluster.connection.create(path, pod);
  let url: string | undefined;
  while (url === undefined || (await answerOf(url)) !== name) {
    const elapsedMs = performance.now() - createdMs;
    if (elapsedMs > ANSWERED_MS_MAX) throw new Error(`${name} does not answer`);
    url ??= await urlOf(cluster, (await cluster.connection.get(`${path}/${name}`)) as Pod);
    await setTimeout(ASK_AGAIN_MS);
  }
  return performance.now() - createdMs;
}

const ownUrl: UrlOf = async (_cluster, pod) =>
  pod?.status.podIP === undefined ? undefined : `http://${pod.status.podIP}:8080`;

// The sidecar chooses its ports by itself.
const sidecarUrl: UrlOf = async (_cluster, pod) => {
  const address = pod?.status.podIP;
  if (address === undefined) return undefined;
  const instances = await answerOf(`http://${address}:9092/v1/instances`);
  const port = /"inbound":([1-9]\d*)/.exec(instances ?? "")?.[1];
  return port === undefined ? undefined : `http://${address}:${port}`;
};

function meshUrl(app: string): UrlOf {
  return async (cluster) => {
    const port = await inboundPort(cluster, app);
    return port === undefined ? undefined : `http://${NODE_ADDRESS}:${port}`;
  };
}

// The sidecar's best case: both containers start without waiting for each other, and the app tells the proxy of itself.
function withSidecar(name: string): ExamplePodOptions {
  const address = [fieldEnv("POD_NAME", "metadata.name"), fieldEnv("POD_IP", "status.podIP")];
  return {
    name,
    app: "beside",
    namespace: PLAIN,
    env: [
      fieldEnv("POD_IP", "status.podIP"),
      fieldEnv("POD_UID", "metadata.uid"),
      fieldEnv("POD_NAMESPACE", "metadata.namespace"),
      { name: "APP_NAME", value: `${PLAIN}/beside` },
      { name: "PROXY_HOOK", value: "http://$(POD_IP):9092/v1/pods" },
    ],
    sidecars: [
      {
        name: "proxy",
        image: BERTH_IMAGE,
        args: [
          "proxy",
          "--node-name=$(POD_NAME)",
          "--node-address=$(POD_IP)",
          "--control-host=$(POD_IP)",
          "--api-server=none",
        ],
        env: address,
        resources: { requests: { cpu: "100m", memory: "128Mi" } },
      },
    ],
  };
}

async function removeAll(cluster: NodeCluster): Promise<void> {
  const namespaces = [PLAIN, SHOP];
  const measured = async (): Promise<readonly Pod[]> =>
    (await Promise.all(namespaces.map((namespace) => cluster.pods(namespace))))
      .flat()
      .filter(({ metadata }) => /^(alone|sidecar|app-\d+)-\d+$/.test(metadata.name));
  for (const { metadata } of await measured()) {
    const path = resourcePath({ ...PODS, namespace: metadata.namespace, name: metadata.name });
    // Nobody asks them any more.
    await cluster.connection.delete(path, { gracePeriodSeconds: 1 });
  }
  await cluster.until(async () => (await measured()).length === 0, "the measured pods to be gone");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function spread(values: readonly number[]): string {
  const ms = (value: number): number => Math.round(value);
  return `median ${ms(median(values))} ms, ${ms(Math.min(...values))}–${ms(Math.max(...values))} ms of ${values.length}`;
}
