// A cluster without kubelets on the real control plane: nodes and node proxies are objects that the test itself keeps
// alive, everything that decides about them is real.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#cli/start/free-port.ts";
import { KubeConnection } from "#kube/connection.ts";
import { NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { EXTENDER_WEIGHT } from "#sim/driver/scheduler-driver.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { LoggedProcess } from "./logged-process.ts";
import { serveMeshProfiles } from "./serve-mesh-profiles.ts";
import type { ToolPaths } from "./tool-binaries.ts";

export const SYSTEM_NAMESPACE = "berth-system";
export const APP_NAMESPACE = "shop";
const HOST = "127.0.0.1";
const READY_MS_MAX = 60_000;

export class RealCluster {
  readonly connection: KubeConnection;
  readonly kubeconfig: string;
  readonly #controlPlane: ControlPlane;
  readonly #tools: ToolPaths;
  readonly #folder = mkdtempSync(join(tmpdir(), "berth-e2e-cluster-"));
  readonly #processes: LoggedProcess[] = [];

  static async start(tools: ToolPaths): Promise<RealCluster> {
    const cluster = new RealCluster(await startControlPlane(tools), tools);
    for (const name of [SYSTEM_NAMESPACE, APP_NAMESPACE]) {
      await cluster.connection.create("/api/v1/namespaces", { metadata: { name } });
      // In a cluster the controller manager makes it.
      await cluster.connection.create(`/api/v1/namespaces/${name}/serviceaccounts`, {
        metadata: { name: "default" },
      });
    }
    await serveMeshProfiles(cluster.connection);
    return cluster;
  }

  private constructor(controlPlane: ControlPlane, tools: ToolPaths) {
    this.#controlPlane = controlPlane;
    this.#tools = tools;
    const { url: server, token, ca } = controlPlane;
    this.connection = new KubeConnection({ server, token, ca });
    this.kubeconfig = join(this.#folder, "kubeconfig");
    writeFileSync(this.kubeconfig, JSON.stringify(kubeconfigOf(controlPlane)), { mode: 0o600 });
  }

  /** Nodes of the given size, each with a ready proxy of its own. */
  async addNodes(count: number, size: { readonly cpu: string; readonly memory: string }): Promise<void> {
    for (let index = 0; index < count; index++) {
      const name = `node-${index}`;
      const path = resourcePath({ ...NODES, name });
      await this.connection.create(resourcePath(NODES), { metadata: { name } });
      // Admission taints a node that nobody has called ready.
      await this.connection.patch(path, { spec: { taints: null } }, { type: "merge" });
      const allocatable = { ...size, pods: "110" };
      await this.connection.patch(
        `${path}/status`,
        { status: { capacity: allocatable, allocatable } },
        { type: "merge" },
      );
      await this.#addProxy(name);
    }
  }

  async createPod(
    name: string,
    app: string,
    requests: { readonly cpu: string; readonly memory: string },
  ): Promise<void> {
    await this.connection.create(resourcePath({ ...PODS, namespace: APP_NAMESPACE }), {
      metadata: { name, labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED } },
      spec: { containers: [{ name: "app", image: "example/app", resources: { requests } }] },
    });
  }

  /** One of this repository's components, with this cluster's kubeconfig; resolves when /readyz says so. */
  async startComponent(folder: string, flags: readonly string[]): Promise<string> {
    const operationsPort = await freePort(HOST);
    const component = new LoggedProcess(folder, process.execPath, {
      logFile: join(this.#folder, `${folder}.log`),
      args: [
        new URL(`../../${folder}/main.ts`, import.meta.url).pathname,
        "--kubeconfig",
        this.kubeconfig,
        "--operations-port",
        String(operationsPort),
        ...flags,
      ],
    });
    this.#processes.push(component);
    const url = `http://${HOST}:${operationsPort}`;
    await component.ready(async () => (await fetch(`${url}/readyz`)).ok, READY_MS_MAX);
    return url;
  }

  /** kube-scheduler with the configuration that the README recommends. */
  async startScheduler(extenderUrl: string): Promise<void> {
    const port = await freePort(HOST);
    const file = join(this.#folder, "kube-scheduler.json");
    writeFileSync(file, JSON.stringify(schedulerConfiguration(this.kubeconfig, extenderUrl)));
    const scheduler = new LoggedProcess("kube-scheduler", this.#tools["kube-scheduler"], {
      logFile: join(this.#folder, "kube-scheduler.log"),
      args: [
        `--config=${file}`,
        `--bind-address=${HOST}`,
        `--secure-port=${port}`,
        `--cert-dir=${join(this.#folder, "scheduler-certificates")}`,
        `--authentication-kubeconfig=${this.kubeconfig}`,
        `--authorization-kubeconfig=${this.kubeconfig}`,
        "--authorization-always-allow-paths=/healthz,/readyz,/livez",
      ],
    });
    this.#processes.push(scheduler);
    await scheduler.ready(async () => this.#isServed("kube-scheduler"), READY_MS_MAX);
  }

  /** Resolves when the condition holds. */
  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadlineMs = Date.now() + READY_MS_MAX;
    while (!(await condition())) {
      if (Date.now() > deadlineMs)
        throw new Error(`waited too long for ${what}; logs are in ${this.#folder}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.stop();
    await this.connection.close();
    await this.#controlPlane.stop();
    rmSync(this.#folder, { recursive: true });
  }

  // A scheduler that has its lease has synced its caches and schedules.
  async #isServed(lease: string): Promise<boolean> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${lease}`;
    const { spec } = (await this.connection.get(path)) as { spec?: { holderIdentity?: string } };
    return Boolean(spec?.holderIdentity);
  }

  async #addProxy(nodeName: string): Promise<void> {
    const name = `berth-proxy-${nodeName}`;
    await this.connection.create(resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE }), {
      metadata: {
        name,
        labels: { [PROXY_LABEL]: "berth" },
        annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
      },
      spec: {
        nodeName,
        hostNetwork: true,
        tolerations: [{ operator: "Exists" }],
        containers: [
          { name: "proxy", image: "berth/proxy", resources: { requests: { cpu: "150m", memory: "192Mi" } } },
        ],
      },
    });
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    const path = resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE, name, subresource: "status" });
    await this.connection.patch(path, { status }, { type: "strategic" });
  }
}

function kubeconfigOf({ url, token, ca }: ControlPlane): object {
  const authority = Buffer.from(ca).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "e2e", cluster: { server: url, "certificate-authority-data": authority } }],
    users: [{ name: "e2e", user: { token } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "e2e" } }],
    "current-context": "e2e",
  };
}

function schedulerConfiguration(kubeconfig: string, extenderUrl: string): object {
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig },
    profiles: [{ schedulerName: "default-scheduler", percentageOfNodesToScore: 100 }],
    extenders: [
      {
        urlPrefix: extenderUrl,
        filterVerb: "filter",
        prioritizeVerb: "prioritize",
        weight: EXTENDER_WEIGHT,
        nodeCacheCapable: true,
        httpTimeout: "5s",
      },
    ],
  };
}
