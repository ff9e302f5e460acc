// Identities on the real control plane: requests by the tokens that the API server makes for the proxies' own pods, the
// extender's signer, and what it refuses.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AppName, NodeName } from "#model/brand.ts";
import { meshAppOf, PROXY_LABEL } from "#model/app.ts";
import { ROOTS_KEY } from "#kube/mesh-roots.ts";
import { KubeConnection } from "#kube/connection.ts";
import { CertificateClient } from "#proxy/shell/identity/certificate-client.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { systemClock } from "#runtime/clock.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { LOCAL_NODE, type TestCluster } from "./test-cluster.ts";

const OVERLAY = fileURLToPath(new URL("../../manifests/overlays/identity", import.meta.url));
const system = `/api/v1/namespaces/${SYSTEM_NAMESPACE}`;

interface ApiPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
}

interface ProxyPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly args?: readonly string[] }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface HostedApp {
  readonly node: NodeName;
  readonly proxy: ApiPod;
  readonly app: AppName;
  /** One that has pods, and none on that node. */
  readonly elsewhere: AppName;
}

export function identityCases(cluster: () => TestCluster): void {
  test("the overlay gives the extender an authority, whose root is published", async () => {
    await cluster().kubectl("apply", "-k", OVERLAY);
    await extenderRolledOut(cluster());
    await proxyMadeAnew(cluster(), LOCAL_NODE);
    await cluster().until(async () => (await roots(cluster())) !== "", "the mesh's root");
    assert.ok(new X509Certificate(await roots(cluster())).ca);
  });

  test("a proxy is certified for an app of its node by the token of its pod, in less than a second or two", async (t) => {
    const { app, proxy } = await hostedApp(cluster());
    const startedMs = performance.now();
    const { certificate } = await certifiedAs(cluster(), proxy, app);
    t.diagnostic(`certified after ${Math.round(performance.now() - startedMs)} ms`);
    const leaf = new X509Certificate(certificate);
    assert.ok(leaf.verify(new X509Certificate(await roots(cluster())).publicKey));
    const [namespace, name] = app.split("/");
    assert.equal(leaf.subjectAltName, `URI:spiffe://cluster.local/ns/${namespace}/app/${name}`);
  });

  test("a proxy that asks for an app which is not on its node is refused", async (t) => {
    const { elsewhere, proxy, node } = await hostedApp(cluster());
    await assert.rejects(certifiedAs(cluster(), proxy, elsewhere), (error: unknown) => {
      assert.ok(error instanceof OperationError && error.code === "CertificateRefused", String(error));
      assert.match(error.message, /AppNotOnNode/);
      assert.ok(error.message.includes(node));
      t.diagnostic(error.message);
      return true;
    });
  });

  test("a token that is bound to no pod is refused, whoever made it", async () => {
    const { app } = await hostedApp(cluster());
    await assert.rejects(certifiedAs(cluster(), undefined, app), /NoNode/);
  });
}

/** The proxies are updated node by node, which takes its time with 510 of them; one whose pod is gone is new at once. */
async function proxyMadeAnew(cluster: TestCluster, node: string): Promise<void> {
  const present = async (): Promise<ProxyPod | undefined> => {
    const pods = (await cluster.pods(SYSTEM_NAMESPACE, {
      labelSelector: PROXY_LABEL,
    })) as readonly ProxyPod[];
    return pods.find(
      ({ metadata, spec }) => spec.nodeName === node && metadata.deletionTimestamp === undefined,
    );
  };
  const old = await present();
  assert.ok(old, `a proxy on ${node}`);
  await cluster.kubectl("-n", SYSTEM_NAMESPACE, "delete", "pod", old.metadata.name, "--wait=false");
  await cluster.until(async () => {
    const pod = await present();
    const isReady = pod?.status?.conditions?.some(
      ({ type, status }) => type === "Ready" && status === "True",
    );
    return isReady === true && pod?.spec.containers[0]?.args?.includes("--identity=use") === true;
  }, "the node's proxy with identities");
}

async function roots(cluster: TestCluster): Promise<string> {
  const map = (await cluster.connection.get(`${system}/configmaps/berth-mesh-roots`)) as {
    readonly data?: Readonly<Record<string, string>>;
  };
  return map.data?.[ROOTS_KEY] ?? "";
}

async function hostedApp(cluster: TestCluster): Promise<HostedApp> {
  const pods = (await cluster.pods()) as readonly ApiPod[];
  const appOf = ({ metadata }: ApiPod): AppName | undefined =>
    meshAppOf(metadata.namespace, metadata.labels ?? {});
  const apps = new Map<AppName, Set<string>>();
  for (const pod of pods) {
    const app = appOf(pod);
    if (app === undefined || pod.spec.nodeName === undefined) continue;
    apps.set(app, (apps.get(app) ?? new Set()).add(pod.spec.nodeName));
  }
  // The local node's comes first: it was made anew for the overlay, while the rollout may take any other's token away.
  const proxies = pods
    .filter(({ metadata }) => metadata.labels?.[PROXY_LABEL] !== undefined)
    .toSorted((one, other) => Number(isLocal(other)) - Number(isLocal(one)));
  for (const proxy of proxies) {
    const node = proxy.spec.nodeName;
    if (node === undefined || proxy.metadata.deletionTimestamp !== undefined) continue;
    const app = [...apps].find(([, nodes]) => nodes.has(node))?.[0];
    const elsewhere = [...apps].find(([, nodes]) => !nodes.has(node))?.[0];
    if (app !== undefined && elsewhere !== undefined)
      return { node: node as NodeName, proxy, app, elsewhere };
  }
  throw new Error("no node with one app and without another");
}

function isLocal({ spec }: ApiPod): boolean {
  return spec.nodeName === LOCAL_NODE;
}

/** As the proxy does, with a token of its pod; without a pod one that is bound to none. */
async function certifiedAs(
  { connection, controlPlane }: TestCluster,
  proxy: ApiPod | undefined,
  app: AppName,
): Promise<{ readonly certificate: string }> {
  const boundObjectRef =
    proxy === undefined
      ? undefined
      : { apiVersion: "v1", kind: "Pod", name: proxy.metadata.name, uid: proxy.metadata.uid };
  const { status } = (await connection.create(`${system}/serviceaccounts/berth-proxy/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 600, ...(boundObjectRef !== undefined && { boundObjectRef }) },
  })) as { readonly status: { readonly token: string } };
  const { url: server, ca } = controlPlane;
  const own = new KubeConnection({ server, ca, token: status.token, userAgent: "berth-proxy" });
  try {
    const client = new CertificateClient({
      connection: own,
      trustDomain: "cluster.local",
      clock: systemClock(),
    });
    return await client.certify(app, new AbortController().signal);
  } finally {
    await own.close();
  }
}
