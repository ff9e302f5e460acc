// A cluster to install Berth in: the whole control plane, kwok's nodes, and one node whose pods are processes here.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { KubeConnection } from "#kube/connection.ts";
import { NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { startControllerManager } from "./controller-manager.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { ExtenderRecorder } from "./extender-recorder.ts";
import { addFakeNodes, addLocalNode, type NodeSpec, startKwok } from "./fake-nodes.ts";
import { kubectl } from "./kubectl.ts";
import type { LoggedProcess } from "./logged-process.ts";
import type { ComponentRun } from "./pod-process.ts";
import { PodRunner, SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { type SchedulerSetup, startScheduler } from "./scheduler.ts";
import { ServiceNetwork } from "./service-network.ts";
import type { ToolPaths } from "./tool-binaries.ts";

export const LOCAL_NODE = "local";
export const BASE = fileURLToPath(new URL("../../manifests/base", import.meta.url));
/** Four times what the slowest wait takes on two idle cores: CI has two that are not. */
const WAIT_MS_MAX = 240_000;
const POLL_MS = 250;
const EXTENDER_SERVICE = "berth-scheduler-extender";
const EXTENDER_PORT = 9443;

export class TestCluster {
  readonly connection: KubeConnection;
  /** Path of an administrator's; written once, since kubectl may be reading it. */
  readonly kubeconfig: string;
  readonly controlPlane: ControlPlane;
  readonly runner: PodRunner;
  readonly network: ServiceNetwork;
  readonly #tools: ToolPaths;
  #applied = 0;
  #scheduler: LoggedProcess | undefined;
  #recorder: ExtenderRecorder | undefined;

  /**
   * Without Berth, with kube-scheduler as it comes and the given nodes beside the local one.
   *
   * @throws Error with the end of the log of whatever did not start.
   */
  static async start(
    tools: ToolPaths,
    nodes: readonly NodeSpec[],
    run: ComponentRun = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster(tools, await startControlPlane(tools), run);
    try {
      await cluster.#begin(nodes);
      return cluster;
    } catch (error) {
      await cluster.stop({ keepLogs: true });
      throw error;
    }
  }

  private constructor(tools: ToolPaths, controlPlane: ControlPlane, run: ComponentRun) {
    this.#tools = tools;
    this.controlPlane = controlPlane;
    this.kubeconfig = controlPlane.kubeconfigOf("admin");
    const { url: server, token, ca } = controlPlane;
    this.connection = new KubeConnection({ server, token, ca });
    this.network = new ServiceNetwork(this.connection);
    this.runner = new PodRunner({
      ...run,
      controlPlane,
      connection: this.connection,
      network: this.network,
      nodeName: LOCAL_NODE,
      kubeScheduler: tools["kube-scheduler"],
    });
  }

  /** What kube-scheduler and the extender said to each other. */
  get recorder(): ExtenderRecorder {
    if (this.#recorder === undefined) throw new Error("kube-scheduler does not know the extender yet");
    return this.#recorder;
  }

  /** Of the real kubectl, for those who run it in another way. */
  get kubectlPath(): string {
    return this.#tools.kubectl;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(this.#tools.kubectl, this.kubeconfig, args);
  }

  /** `kubectl apply -f` of one object. */
  async apply(object: object, ...flags: readonly string[]): Promise<string> {
    const file = join(this.controlPlane.files.folder, `applied-${(this.#applied += 1)}.json`);
    writeFileSync(file, JSON.stringify(object));
    return this.kubectl("apply", "-f", file, ...flags);
  }

  async addNodes(nodes: readonly NodeSpec[]): Promise<void> {
    const readyBefore = await this.#readyNodes();
    await addFakeNodes(this.connection, nodes);
    await this.until(
      async () => (await this.#readyNodes()) >= readyBefore + nodes.length,
      "the nodes to be ready",
    );
  }

  /**
   * What an operator does after `kubectl apply -k`: gives kube-scheduler the shipped configuration and restarts it.
   * `isIgnorable` is what the operator may set otherwise, `secretName` where an authority that is not the extender's
   * own keeps the certificate; `percentageOfNodesToScore` is what an operator might leave out.
   */
  async wireScheduler({
    isIgnorable,
    secretName = `${EXTENDER_SERVICE}-tls`,
    ...sampling
  }: {
    readonly isIgnorable?: boolean;
    readonly secretName?: string;
    readonly percentageOfNodesToScore?: number;
  } = {}): Promise<void> {
    const secret = (await this.connection.get(
      `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/${secretName}`,
    )) as { data: Readonly<Record<string, string>> };
    const pem = (key: string): string => Buffer.from(secret.data[key] ?? "", "base64").toString();
    const service = (await this.connection.get(
      `/api/v1/namespaces/${SYSTEM_NAMESPACE}/services/${EXTENDER_SERVICE}`,
    )) as { spec: { clusterIP: string } };
    const ca = pem("ca.crt");
    const serverName = `${EXTENDER_SERVICE}.${SYSTEM_NAMESPACE}.svc`;
    await this.#recorder?.close();
    const find = (): Promise<number> => this.network.localPortOf(service.spec.clusterIP, EXTENDER_PORT);
    // A replica is ready before it leads.
    await this.until(
      () =>
        find().then(
          () => true,
          () => false,
        ),
      "a leader behind the extender's Service",
    );
    this.#recorder = new ExtenderRecorder(
      { ca, cert: pem("tls.crt"), key: pem("tls.key"), serverName },
      find,
    );
    const url = await this.#recorder.listen();
    await this.#restartScheduler({ extender: { url, ca, isIgnorable }, ...sampling });
  }

  /**
   * The same without a recorder in between: kube-scheduler itself speaks TLS with the extender, and no pod is placed
   * without it.
   */
  async wireSchedulerDirectly(secretName = `${EXTENDER_SERVICE}-tls`): Promise<{ readonly url: string }> {
    const ca = await this.authoritiesIn(secretName);
    const url = await this.network.reach(
      `https://${EXTENDER_SERVICE}.${SYSTEM_NAMESPACE}.svc:${EXTENDER_PORT}`,
    );
    await this.#restartScheduler({ extender: { url, ca, isIgnorable: false } });
    return { url };
  }

  /** PEM: whom a caller of the extender trusts, as the Secret says at present. */
  async authoritiesIn(secretName: string): Promise<string> {
    const path = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/${secretName}`;
    const { data } = (await this.connection.get(path)) as { data: Readonly<Record<string, string>> };
    return Buffer.from(data["ca.crt"] ?? "", "base64").toString();
  }

  /** The same for an extender that listens on this machine's loopback. */
  wireSchedulerBeside(url: string): Promise<void> {
    return this.#restartScheduler({ extender: { url, ca: undefined } });
  }

  /** Takes the configuration out again. */
  unwireScheduler(): Promise<void> {
    return this.#restartScheduler({});
  }

  async #restartScheduler(setup: SchedulerSetup): Promise<void> {
    await this.#scheduler?.stop();
    this.#scheduler = await startScheduler(this.controlPlane, this.connection, setup);
  }

  /**
   * Resolves when the condition holds.
   *
   * @throws Error that says what was waited for, and where the logs are.
   */
  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadlineMs = Date.now() + WAIT_MS_MAX;
    while (!(await condition())) {
      const [failure] = this.runner.failures();
      if (failure !== undefined) throw failure;
      if (Date.now() > deadlineMs) throw new Error(`waited too long for ${what}`);
      await setTimeout(POLL_MS);
    }
  }

  async pods(namespace?: string, query: Record<string, string> = {}): Promise<readonly unknown[]> {
    const { items } = (await this.connection.get(resourcePath({ ...PODS, namespace }), query)) as {
      items: readonly unknown[];
    };
    return items;
  }

  /** Returns where the logs are, if they were kept. */
  async stop({ keepLogs }: { readonly keepLogs: boolean }): Promise<string> {
    await this.runner.stop();
    await this.#recorder?.close();
    this.network.close();
    await this.connection.close();
    return this.controlPlane.stop({ keepLogs });
  }

  async #begin(nodes: readonly NodeSpec[]): Promise<void> {
    const { controlPlane, connection } = this;
    await this.network.listen(controlPlane.files.serviceSocket);
    await Promise.all([startControllerManager(controlPlane), startKwok(controlPlane)]);
    this.#scheduler = await startScheduler(controlPlane, connection);
    this.runner.start();
    await addLocalNode(connection, { name: LOCAL_NODE, cpu: "8", memory: "16Gi" });
    await this.addNodes(nodes);
  }

  // A new node is tainted until the node lifecycle controller has seen it ready.
  async #readyNodes(): Promise<number> {
    const { items } = (await this.connection.get(resourcePath(NODES))) as {
      items: readonly { spec?: { taints?: readonly { key: string }[] } }[];
    };
    const isNotReady = ({ key }: { key: string }): boolean => key.startsWith("node.kubernetes.io/");
    return items.filter(({ spec }) => !(spec?.taints ?? []).some(isNotReady)).length;
  }
}
