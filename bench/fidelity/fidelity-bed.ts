// A real control plane with kwok's nodes for the slice, a proxy's pod on each, and the apps' profiles and ReplicaSets.
// kwok says that what is bound runs; nobody else writes.

import { setTimeout as delay } from "node:timers/promises";
import { KubeConnection } from "#kube/connection.ts";
import {
  MESH_PROFILES,
  NODES,
  PODS,
  REPLICA_SETS,
  type ResourceKind,
  resourcePath,
} from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { type ControlPlane, startControlPlane } from "#test/e2e/control-plane.ts";
import { startKwok } from "#test/e2e/fake-nodes.ts";
import { serveMeshProfiles } from "#test/e2e/serve-mesh-profiles.ts";
import type { ToolPaths } from "#test/e2e/tool-binaries.ts";
import { eachOf, NAMESPACE, SYSTEM_NAMESPACE } from "../scheduler-bed.ts";
import type { Slice, SliceApp, SlicePod } from "./slice.ts";
import { DEVICE, type SliceNode } from "./slice-nodes.ts";

const NAMESPACES: ResourceKind = { version: "v1", resource: "namespaces" };
const SERVICE_ACCOUNTS: ResourceKind = { version: "v1", resource: "serviceaccounts" };
const READY_MS_MAX = 60_000;
const POLL_MS = 100;
const MIB = 1024 ** 2;
/** Soon too small for the instances: then a node must have room for its proxy to grow, or the pod may not go there. */
const PROXY_REQUESTS = { cpu: "200m", memory: "256Mi" };

/** Everything that is there before the first pod of the slice. */
export interface StartingState {
  readonly nodes: readonly unknown[];
  readonly proxies: readonly unknown[];
  readonly owners: readonly unknown[];
  readonly profiles: readonly unknown[];
}

export class FidelityBed {
  readonly controlPlane: ControlPlane;
  readonly connection: KubeConnection;
  readonly #slice: Slice;
  readonly #owners = new Map<string, string>();

  /** @throws Error with the end of the log of whatever did not start. */
  static async open(
    tools: ToolPaths,
    { nodes, slice }: { readonly nodes: readonly SliceNode[]; readonly slice: Slice },
  ): Promise<FidelityBed> {
    const bed = new FidelityBed(await startControlPlane(tools), slice);
    try {
      await bed.#fill(nodes);
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  private constructor(controlPlane: ControlPlane, slice: Slice) {
    const { url: server, token, ca } = controlPlane;
    this.controlPlane = controlPlane;
    this.connection = new KubeConnection({ server, token, ca });
    this.#slice = slice;
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.controlPlane.stop();
  }

  async startingState(): Promise<StartingState> {
    return {
      nodes: await this.#list(resourcePath(NODES)),
      proxies: await this.#list(resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE })),
      owners: await this.#list(resourcePath({ ...REPLICA_SETS, namespace: NAMESPACE })),
      profiles: await this.#list(resourcePath({ ...MESH_PROFILES, namespace: NAMESPACE })),
    };
  }

  /** Returns the pod as the API server has it. */
  createPod(pod: SlicePod): Promise<unknown> {
    const { name, app } = pod;
    const uid = this.#owners.get(app.name) ?? "";
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: app.name, uid, controller: true };
    return this.connection.create(resourcePath({ ...PODS, namespace: NAMESPACE }), {
      metadata: { name, labels: labelsOf(app), ownerReferences: [owner] },
      spec: podSpec(pod),
    });
  }

  async deletePod(name: string): Promise<void> {
    const path = resourcePath({ ...PODS, namespace: NAMESPACE, name });
    await this.connection.request({ method: "DELETE", path, body: { gracePeriodSeconds: 0 } });
  }

  /** Every pod of the slice goes; resolves when none is left. */
  async deletePods(): Promise<void> {
    const path = resourcePath({ ...PODS, namespace: NAMESPACE });
    const timeoutMs = READY_MS_MAX;
    await this.connection.request({ method: "DELETE", path, body: { gracePeriodSeconds: 0 }, timeoutMs });
    await until(async () => (await this.#list(path)).length === 0, "the pods to be gone");
  }

  async #fill(nodes: readonly SliceNode[]): Promise<void> {
    const { connection } = this;
    for (const namespace of [NAMESPACE, SYSTEM_NAMESPACE]) {
      await connection.create(resourcePath(NAMESPACES), { metadata: { name: namespace } });
      // No controller makes it, and no pod is admitted without it.
      const path = resourcePath({ ...SERVICE_ACCOUNTS, namespace });
      await connection.create(path, { metadata: { name: "default" } });
    }
    await serveMeshProfiles(connection);
    await startKwok(this.controlPlane);
    await eachOf(nodes, (node) => this.#createNode(node));
    await eachOf(this.#slice.apps, (app) => this.#createApp(app));
    await until(
      async () => (await this.startingState()).proxies.every(isReady),
      "a ready proxy on every node",
    );
  }

  async #createNode({
    name,
    labels,
    taints,
    isUnschedulable,
    allocatable,
    images,
  }: SliceNode): Promise<void> {
    const annotations = { "kwok.x-k8s.io/node": "fake" };
    await this.connection.create(resourcePath(NODES), {
      metadata: { name, labels, annotations },
      spec: { unschedulable: isUnschedulable },
      status: { allocatable, capacity: allocatable, images },
    });
    // Every new node is tainted until a controller has seen it ready.
    await this.connection.patch(resourcePath({ ...NODES, name }), { spec: { taints } }, { type: "merge" });
    await this.connection.create(resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE }), {
      metadata: {
        name: `proxy-${name}`,
        labels: { [PROXY_LABEL]: "berth" },
        annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
      },
      spec: {
        nodeName: name,
        containers: [{ name: "proxy", image: "proxy", resources: { requests: PROXY_REQUESTS } }],
      },
    });
  }

  async #createApp({ name, replicas, maxPerNode, meshCost, ...app }: SliceApp): Promise<void> {
    const location = { ...MESH_PROFILES, namespace: NAMESPACE };
    await this.connection.create(resourcePath(location), {
      apiVersion: "berth.dev/v1alpha1",
      kind: "MeshProfile",
      metadata: { name },
      spec: {
        ...(meshCost !== undefined && { cost: meshCost }),
        ...(maxPerNode !== undefined && { placement: { maxPodsPerNode: maxPerNode } }),
      },
    });
    const labels = labelsOf({ name, ...app });
    const template = { metadata: { labels }, spec: { containers: [{ name: "app", image: "app" }] } };
    const { metadata } = (await this.connection.create(
      resourcePath({ ...REPLICA_SETS, namespace: NAMESPACE }),
      {
        metadata: { name },
        spec: { replicas, selector: { matchLabels: { [APP_LABEL]: name } }, template },
      },
    )) as { metadata: { uid: string } };
    this.#owners.set(name, metadata.uid);
  }

  async #list(path: string): Promise<readonly unknown[]> {
    return ((await this.connection.get(path)) as { items: readonly unknown[] }).items;
  }
}

function labelsOf({ name, isMesh }: Pick<SliceApp, "name" | "isMesh">): Readonly<Record<string, string>> {
  return { [APP_LABEL]: name, ...(isMesh && { [MESH_LABEL]: MESH_ENABLED }) };
}

function podSpec({ app: { wishes }, request }: SlicePod): object {
  const requests = {
    cpu: `${request.cpuMilli}m`,
    memory: `${Math.ceil(request.memoryBytes / MIB)}Mi`,
  };
  const { spec, image, hostPort, devices } = wishes;
  const limits = devices === 0 ? {} : { [DEVICE]: String(devices) };
  const app = {
    name: "app",
    image,
    resources: {
      requests: { ...(wishes.containers === "oneWithoutRequests" ? {} : requests), ...limits },
      limits,
    },
    ...(hostPort !== undefined && { ports: [{ containerPort: hostPort, hostPort }] }),
  };
  const second = wishes.containers === "twoOneWithoutRequests" ? [{ name: "second", image }] : [];
  return { ...spec, terminationGracePeriodSeconds: 0, containers: [app, ...second] };
}

function isReady(raw: unknown): boolean {
  const { status } = raw as { status?: { conditions?: readonly { type: string; status: string }[] } };
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = Date.now() + READY_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`waited too long for ${what}`);
    await delay(POLL_MS);
  }
}
