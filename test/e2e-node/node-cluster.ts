// A cluster of one real node: the control plane of the other suite, and a kubelet whose containers run.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { KubeConnection } from "#kube/connection.ts";
import { NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { type ControlPlane, KUBELET_NODE, startControlPlane } from "#test/e2e/control-plane.ts";
import { startControllerManager } from "#test/e2e/controller-manager.ts";
import { kubectl } from "#test/e2e/kubectl.ts";
import type { LoggedProcess } from "#test/e2e/logged-process.ts";
import { startScheduler } from "#test/e2e/scheduler.ts";
import type { ToolPaths } from "#test/e2e/tool-binaries.ts";
import { berthImage } from "#tools/image/berth-image.ts";
import { IMAGE_NAME } from "#tools/image/image-name.ts";
import { KubeletNode } from "./kubelet-node.ts";
import { HOST_ADDRESS, SERVICE_RANGE } from "./machine-namespace.ts";
import type { NodeToolPaths } from "./node-tools.ts";
import type { Pod } from "./pod.ts";

export const SYSTEM_NAMESPACE = "berth-system";
const EXTENDER_SERVICE = "berth-scheduler-extender";
const EXTENDER_PORT = 9443;
const WAIT_MS_MAX = 120_000;
const POLL_MS = 100;

export class NodeCluster {
  readonly controlPlane: ControlPlane;
  readonly connection: KubeConnection;
  readonly node: KubeletNode;
  readonly #tools: ToolPaths;
  #scheduler: LoggedProcess | undefined;

  /**
   * With Berth's image on the node, and nothing of Berth's in the cluster.
   *
   * @throws Error with the end of the log of whatever did not start.
   */
  static async start(tools: ToolPaths, nodeTools: NodeToolPaths): Promise<NodeCluster> {
    const node = await KubeletNode.start(nodeTools);
    let controlPlane: ControlPlane | undefined;
    try {
      await node.load(berthImage({ name: IMAGE_NAME }));
      controlPlane = await startControlPlane(tools, {
        host: HOST_ADDRESS,
        services: "network",
        serviceRange: SERVICE_RANGE,
      });
      const cluster = new NodeCluster(tools, controlPlane, node);
      await cluster.#begin();
      return cluster;
    } catch (error) {
      await controlPlane?.stop({ keepLogs: true });
      await node.stop({ keepLogs: true });
      throw error;
    }
  }

  private constructor(tools: ToolPaths, controlPlane: ControlPlane, node: KubeletNode) {
    this.#tools = tools;
    this.controlPlane = controlPlane;
    this.node = node;
    const { url: server, token, ca } = controlPlane;
    this.connection = new KubeConnection({ server, token, ca });
  }

  get kubeconfig(): string {
    return this.controlPlane.kubeconfigOf("admin");
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(this.#tools.kubectl, this.kubeconfig, args);
  }

  /** `kubectl apply -f` of one object. */
  async apply(object: object): Promise<void> {
    const file = join(this.controlPlane.files.folder, "applied.json");
    writeFileSync(file, JSON.stringify(object));
    await this.kubectl("apply", "-f", file);
  }

  async pods(namespace?: string, query: Record<string, string> = {}): Promise<readonly Pod[]> {
    const { items } = (await this.connection.get(resourcePath({ ...PODS, namespace }), query)) as {
      items: readonly Pod[];
    };
    return items;
  }

  /** What an operator does after `kubectl apply -k`: gives kube-scheduler the shipped configuration and restarts it. */
  async wireScheduler(): Promise<void> {
    const inNamespace = `/api/v1/namespaces/${SYSTEM_NAMESPACE}`;
    const secret = (await this.connection.get(`${inNamespace}/secrets/${EXTENDER_SERVICE}-tls`)) as {
      data: Readonly<Record<string, string>>;
    };
    const service = (await this.connection.get(`${inNamespace}/services/${EXTENDER_SERVICE}`)) as {
      spec: { clusterIP: string };
    };
    const ca = Buffer.from(secret.data["ca.crt"] ?? "", "base64").toString();
    const url = `https://${service.spec.clusterIP}:${EXTENDER_PORT}`;
    await this.#scheduler?.stop();
    this.#scheduler = await startScheduler(this.controlPlane, this.connection, {
      extender: { url, ca },
    });
  }

  /**
   * Resolves when the condition holds.
   *
   * @throws Error that says what was waited for.
   */
  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadlineMs = Date.now() + WAIT_MS_MAX;
    while (!(await condition())) {
      if (Date.now() > deadlineMs) throw new Error(`waited too long for ${what}`);
      await setTimeout(POLL_MS);
    }
  }

  async stop({ keepLogs }: { readonly keepLogs: boolean }): Promise<void> {
    await this.connection.close();
    // The node first: the API server ends well only without its watches.
    await this.node.stop({ keepLogs });
    await this.controlPlane.stop({ keepLogs });
  }

  async #begin(): Promise<void> {
    await startControllerManager(this.controlPlane);
    this.#scheduler = await startScheduler(this.controlPlane, this.connection);
    await this.node.join(this.controlPlane);
    await this.until(() => this.#isNodeReady(), "the node to be ready");
  }

  async #isNodeReady(): Promise<boolean> {
    const { items } = (await this.connection.get(resourcePath(NODES))) as {
      items: readonly {
        metadata: { name: string };
        spec: { taints?: readonly unknown[] };
        status: { conditions?: readonly { type: string; status: string }[] };
      }[];
    };
    const node = items.find(({ metadata }) => metadata.name === KUBELET_NODE);
    const isReady = node?.status.conditions?.some(
      ({ type, status }) => type === "Ready" && status === "True",
    );
    return isReady === true && (node?.spec.taints ?? []).length === 0;
  }
}
