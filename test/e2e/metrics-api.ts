// In the place of metrics-server: serves metrics.k8s.io behind the real aggregation layer, with a usage that the test
// says, for every node proxy.

import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { decodePod } from "#kube/decode-pod.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { Resources } from "#model/resources.ts";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { HOST } from "./control-plane.ts";
import type { TestCluster } from "./test-cluster.ts";

const GROUP_VERSION = "metrics.k8s.io/v1beta1";
const NAMESPACE = "kube-system";
const NAME = "metrics-server";
const PORT = 443;
/** An address in the pods' range that no pod has. */
const ADDRESS = "10.246.0.1";

export class MetricsApi {
  readonly #server: Server;

  static async serve(cluster: TestCluster, usageOf: (request: Resources) => Resources): Promise<MetricsApi> {
    const nowMs = Date.now();
    const authority = await makeAuthority(nowMs);
    const serviceName = `${NAME}.${NAMESPACE}.svc`;
    const { certificate: cert, key } = await makeServingCertificate({
      authority,
      hosts: [serviceName],
      nowMs,
    });
    const api = new MetricsApi(cluster, { cert, key }, usageOf);
    cluster.network.expose(ADDRESS, PORT, await api.#listen());
    await register(cluster, authority.certificate);
    return api;
  }

  private constructor(
    cluster: TestCluster,
    certificate: { readonly cert: string; readonly key: string },
    usageOf: (request: Resources) => Resources,
  ) {
    this.#server = createServer(certificate, (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "https://metrics");
      const [, namespace] = PODS_PATH.exec(pathname) ?? [];
      const labelSelector = searchParams.get("labelSelector") ?? PROXY_LABEL;
      const answer =
        pathname === `/apis/${GROUP_VERSION}`
          ? Promise.resolve(DISCOVERY)
          : PODS_PATH.test(pathname)
            ? podMetrics(cluster, { namespace, labelSelector, usageOf })
            : undefined;
      if (answer === undefined) return void response.writeHead(404).end();
      answer.then(
        (body) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, HOST, resolve));
    return (this.#server.address() as AddressInfo).port;
  }
}

const DISCOVERY = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: GROUP_VERSION,
  resources: [
    { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] },
  ],
};

const PODS_PATH = new RegExp(`^/apis/${GROUP_VERSION}/(?:namespaces/([^/]+)/)?pods$`);

interface MetricsQuestion {
  readonly namespace: string | undefined;
  readonly labelSelector: string;
  readonly usageOf: (request: Resources) => Resources;
}

// Every pod that is asked for is taken for a proxy: of others nobody asks.
async function podMetrics(
  cluster: TestCluster,
  { namespace: within, labelSelector, usageOf }: MetricsQuestion,
): Promise<object> {
  const proxies = (await cluster.pods(within, { labelSelector })).map(decodePod);
  const timestamp = new Date().toISOString();
  const items = proxies.map(({ namespace, name, request }) => {
    const { cpuMilli, memoryBytes } = usageOf(request);
    const usage = { cpu: `${Math.round(cpuMilli)}m`, memory: String(Math.round(memoryBytes)) };
    return {
      metadata: { namespace, name },
      timestamp,
      window: "10s",
      containers: [{ name: "proxy", usage }],
    };
  });
  return { kind: "PodMetricsList", apiVersion: GROUP_VERSION, metadata: {}, items };
}

async function register({ connection }: TestCluster, authority: string): Promise<void> {
  const ports = [{ name: "https", port: PORT }];
  const inNamespace = `/api/v1/namespaces/${NAMESPACE}`;
  await connection.create(`${inNamespace}/services`, { metadata: { name: NAME }, spec: { ports } });
  await connection.create(`/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
    metadata: { name: NAME, labels: { "kubernetes.io/service-name": NAME } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
  });
  await connection.create("/apis/apiregistration.k8s.io/v1/apiservices", {
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: {
      group: "metrics.k8s.io",
      version: "v1beta1",
      service: { namespace: NAMESPACE, name: NAME, port: PORT },
      caBundle: Buffer.from(authority).toString("base64"),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  });
}
