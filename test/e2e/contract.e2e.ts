// The contract suite against a real kube-apiserver: the judge of what the loopback API imitates.

import { KubeConnection } from "#kube/connection.ts";
import { contractSuite } from "#test/contract/contract-suite.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { serveMeshProfiles } from "./serve-mesh-profiles.ts";
import { kubernetesVersion, toolBinaries } from "./tool-binaries.ts";

let controlPlane: ControlPlane | undefined;

// Built before the suite's own time begins to count.
const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));

contractSuite({
  name: `kube-apiserver ${kubernetesVersion()}`,
  async connect() {
    controlPlane = await startControlPlane(tools);
    const { url, token, ca, dispatcher } = controlPlane;
    const connection = new KubeConnection({ server: url, token, ca });
    await serveMeshProfiles(connection);
    await connection.close();
    return { url, dispatcher, headers: { authorization: `Bearer ${token}` } };
  },
  async prepareNamespace(api) {
    // In a cluster the controller manager makes it.
    await api.post(`/api/v1/namespaces/${api.namespace}/serviceaccounts`, { metadata: { name: "default" } });
  },
  close: async () => void (await controlPlane?.stop()),
  async forgetPast() {
    await controlPlane?.compact();
    return "1";
  },
  custom: {
    groupVersion: "berth.dev/v1alpha1",
    resource: "meshprofiles",
    object: { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", spec: {} },
    status: { ports: { inbound: 20_000, outbound: 20_001 } },
  },
});
