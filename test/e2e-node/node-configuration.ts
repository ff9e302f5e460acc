// What an administrator would write for the suite's node: containerd, the pod network, kubelet, kube-proxy.

import { KUBELET_NODE } from "#test/e2e/control-plane.ts";
import { GROUP_ROOT } from "./control-groups.ts";
import { NODE_ADDRESS, POD_RANGE } from "./machine-namespace.ts";

export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";
export const SANDBOX_IMAGE = "docker.io/library/pause:e2e";
export const CNI_PLUGINS = "/usr/lib/cni";
export const KUBELET_HEALTH_PORT = 10_248;

export function containerdConfiguration(cniFolder: string): string {
  return `version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${SANDBOX_IMAGE}'
[plugins.'io.containerd.cri.v1.runtime']
  # A CI job may not be permitted to make its processes harder to kill.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['${CNI_PLUGINS}']
    conf_dir = '${cniFolder}'
`;
}

export const podNetwork = {
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: "host-local", ranges: [[{ subnet: POD_RANGE }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};

export const kubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
  authorization: { mode: "Webhook" },
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  cgroupDriver: "cgroupfs",
  cgroupRoot: GROUP_ROOT,
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  // How full the disk of the machine is does not concern the suite.
  evictionHard: { "memory.available": "100Mi" },
  imageGCHighThresholdPercent: 100,
  healthzBindAddress: NODE_ADDRESS,
  healthzPort: KUBELET_HEALTH_PORT,
};

export const proxyConfiguration = (kubeconfig: string): object => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  clientConnection: { kubeconfig },
  hostnameOverride: KUBELET_NODE,
  mode: "iptables",
  detectLocalMode: "ClusterCIDR",
  clusterCIDR: POD_RANGE,
  // Settings of the whole kernel, which a network namespace may not change.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  healthzBindAddress: `${NODE_ADDRESS}:10256`,
});
