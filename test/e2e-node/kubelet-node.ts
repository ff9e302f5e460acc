// A real node: containerd, kubelet and kube-proxy in a machine of their own.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ControlPlane, KUBELET_NODE, writeJson } from "#test/e2e/control-plane.ts";
import { ociArchive } from "#tools/image/oci-archive.ts";
import { tarArchive } from "#tools/image/tar-archive.ts";
import { makeGroupRoot, removeGroups } from "./control-groups.ts";
import { MachineNamespace, NODE_ADDRESS } from "./machine-namespace.ts";
import {
  CONTAINERD_SOCKET,
  containerdConfiguration,
  KUBELET_HEALTH_PORT,
  kubeletConfiguration,
  podNetwork,
  proxyConfiguration,
  SANDBOX_IMAGE,
} from "./node-configuration.ts";
import type { NodeToolPaths } from "./node-tools.ts";

const READY_MS_MAX = 60_000;

export class KubeletNode {
  readonly machine: MachineNamespace;
  readonly #tools: NodeToolPaths;

  /**
   * The machine with containerd and the sandbox image; it joins no cluster yet.
   *
   * @throws Error with the end of the log of whatever did not start.
   */
  static async start(tools: NodeToolPaths): Promise<KubeletNode> {
    const folder = mkdtempSync(join(tmpdir(), "berth-node-"));
    makeGroupRoot();
    const machine = await MachineNamespace.start(folder, dirname(tools.containerd));
    const node = new KubeletNode(tools, machine);
    try {
      await node.#startContainerd();
      const pause = { path: "pause", content: readFileSync(tools.pause), mode: 0o755 };
      await node.load(
        ociArchive({
          name: SANDBOX_IMAGE,
          layers: [tarArchive([pause])],
          config: { Entrypoint: ["/pause"] },
        }),
      );
      return node;
    } catch (error) {
      await node.stop({ keepLogs: true });
      throw error;
    }
  }

  private constructor(tools: NodeToolPaths, machine: MachineNamespace) {
    this.#tools = tools;
    this.machine = machine;
  }

  /** Gives containerd an image. */
  async load({ archive }: { readonly archive: Buffer }): Promise<void> {
    const file = join(this.machine.folder, "image.tar");
    writeFileSync(file, archive);
    await this.#ctr("images", "import", file);
    rmSync(file);
  }

  /**
   * Starts kubelet and kube-proxy, which register the node.
   *
   * @throws Error with the end of the log of whatever did not start.
   */
  async join(controlPlane: ControlPlane): Promise<void> {
    const { machine } = this;
    const kubelet = machine.spawn("kubelet", this.#tools.kubelet, [
      `--config=${writeJson(machine, "kubelet.json", kubeletConfiguration)}`,
      `--kubeconfig=${controlPlane.kubeconfigOf(`system:node:${KUBELET_NODE}`)}`,
      `--hostname-override=${KUBELET_NODE}`,
      `--node-ip=${NODE_ADDRESS}`,
    ]);
    const proxyConfig = proxyConfiguration(controlPlane.kubeconfigOf("system:kube-proxy"));
    machine.spawn("kube-proxy", this.#tools["kube-proxy"], [
      `--config=${writeJson(machine, "kube-proxy.json", proxyConfig)}`,
    ]);
    const health = `http://${NODE_ADDRESS}:${KUBELET_HEALTH_PORT}/healthz`;
    await kubelet.ready(async () => (await fetch(health)).ok, READY_MS_MAX);
  }

  /** Returns where the logs are, if they were kept. */
  async stop({ keepLogs }: { readonly keepLogs: boolean }): Promise<string> {
    const { machine } = this;
    await machine.stop();
    await removeGroups();
    if (keepLogs) rmSync(join(machine.folder, "var", "lib"), { recursive: true });
    else rmSync(machine.folder, { recursive: true });
    return machine.folder;
  }

  async #startContainerd(): Promise<void> {
    const { machine } = this;
    const cniFolder = join(machine.folder, "cni");
    const config = join(machine.folder, "containerd.toml");
    mkdirSync(cniFolder);
    writeFileSync(config, containerdConfiguration(cniFolder));
    writeJson({ folder: cniFolder }, "pods.conflist", podNetwork);
    const containerd = machine.spawn("containerd", this.#tools.containerd, ["--config", config]);
    await containerd.ready(async () => (await this.#ctr("version")) !== "", READY_MS_MAX);
  }

  #ctr(...args: readonly string[]): Promise<string> {
    return this.machine.run(this.#tools.ctr, "--address", CONTAINERD_SOCKET, "-n", "k8s.io", ...args);
  }
}
