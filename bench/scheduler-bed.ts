// A real control plane with nodes that nobody runs: etcd, kube-apiserver, node objects and a ready proxy's pod on each.
// Nothing else writes there, so that what the API server counts is the scheduling.

import { request } from "undici";
import { KubeConnection } from "#kube/connection.ts";
import { MESH_PROFILES, NODES, PODS, type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL } from "#model/app.ts";
import { DEFAULT_PORT_RANGE } from "#scheduler-extender/policy/ports.ts";
import { Limiter } from "#runtime/limiter.ts";
import { type ControlPlane, startControlPlane } from "#test/e2e/control-plane.ts";
import { serveMeshProfiles } from "#test/e2e/serve-mesh-profiles.ts";
import type { ToolPaths } from "#test/e2e/tool-binaries.ts";
import { parseSamples, type Samples } from "./metric-samples.ts";

/** Where the pods go whose scheduling is measured. */
export const NAMESPACE = "bench";
export const SYSTEM_NAMESPACE = "berth-system";
/** As many as the connection has sockets. */
const CREATES_AT_ONCE_MAX = 32;
const SERVICE_ACCOUNTS: ResourceKind = { version: "v1", resource: "serviceaccounts" };
const NAMESPACES: ResourceKind = { version: "v1", resource: "namespaces" };
const NODE_SIZE = { cpu: "32", memory: "128Gi", pods: "110" };

export class SchedulerBed {
  readonly controlPlane: ControlPlane;
  readonly connection: KubeConnection;

  /** @throws Error with the end of the log of whatever did not start. */
  static async open(
    tools: ToolPaths,
    { nodeCount, apps }: { readonly nodeCount: number; readonly apps: readonly string[] },
  ): Promise<SchedulerBed> {
    const bed = new SchedulerBed(await startControlPlane(tools));
    try {
      await bed.#fill(nodeCount, apps);
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  private constructor(controlPlane: ControlPlane) {
    const { url: server, token, ca } = controlPlane;
    this.controlPlane = controlPlane;
    this.connection = new KubeConnection({ server, token, ca });
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.controlPlane.stop();
  }

  /** What the API server has counted so far. */
  async apiSamples(): Promise<Samples> {
    const { url, token, dispatcher } = this.controlPlane;
    const { body } = await request(`${url}/metrics`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
    return parseSamples(await body.text());
  }

  async #fill(nodeCount: number, apps: readonly string[]): Promise<void> {
    const { connection } = this;
    for (const namespace of [NAMESPACE, SYSTEM_NAMESPACE]) {
      await connection.create(resourcePath(NAMESPACES), { metadata: { name: namespace } });
      // No controller makes it, and no pod is admitted without it.
      const path = resourcePath({ ...SERVICE_ACCOUNTS, namespace });
      await connection.create(path, { metadata: { name: "default" } });
    }
    await serveMeshProfiles(connection);
    await eachOf(apps, (app, index) => this.#createProfile(app, index));
    const names = Array.from({ length: nodeCount }, (_, index) => `node-${String(index).padStart(5, "0")}`);
    await eachOf(names, (name) => this.#createNode(name));
  }

  // The apps have had pods before, and their ports since.
  async #createProfile(app: string, index: number): Promise<void> {
    const location = { ...MESH_PROFILES, namespace: NAMESPACE };
    const object = {
      apiVersion: "berth.dev/v1alpha1",
      kind: "MeshProfile",
      metadata: { name: app },
      spec: {},
    };
    await this.connection.create(resourcePath(location), object);
    const inbound = DEFAULT_PORT_RANGE.first + 2 * index;
    const path = resourcePath({ ...location, name: app, subresource: "status" });
    await this.connection.patch(
      path,
      { status: { ports: { inbound, outbound: inbound + 1 } } },
      { type: "merge" },
    );
  }

  async #createNode(name: string): Promise<void> {
    const conditions = [{ type: "Ready", status: "True" }];
    await this.connection.create(resourcePath(NODES), {
      metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
      status: { allocatable: NODE_SIZE, capacity: NODE_SIZE, conditions },
    });
    // Every new node is tainted until a controller has seen it ready.
    await this.connection.patch(
      resourcePath({ ...NODES, name }),
      { spec: { taints: null } },
      { type: "merge" },
    );
    await this.#createProxy(name);
  }

  async #createProxy(nodeName: string): Promise<void> {
    const location = { ...PODS, namespace: SYSTEM_NAMESPACE };
    const name = `proxy-${nodeName}`;
    await this.connection.create(resourcePath(location), {
      metadata: {
        name,
        labels: { [PROXY_LABEL]: "berth" },
        annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
      },
      spec: {
        nodeName,
        containers: [
          { name: "proxy", image: "proxy", resources: { requests: { cpu: "500m", memory: "512Mi" } } },
        ],
      },
    });
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await this.connection.patch(
      resourcePath({ ...location, name, subresource: "status" }),
      { status },
      {
        type: "merge",
      },
    );
  }
}

/** So many at once as the connection has sockets, begun in order. */
export async function eachOf<T>(
  items: readonly T[],
  act: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  const limiter = new Limiter(CREATES_AT_ONCE_MAX);
  await Promise.all(items.map((item, index) => limiter.run(() => act(item, index))));
}
