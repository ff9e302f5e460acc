// The contract suite against a real kube-apiserver: the judge of what the loopback API imitates.

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { ContractApi } from "#test/contract/contract-api.ts";
import { contractSuite } from "#test/contract/contract-suite.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { kubernetesVersion, toolBinaries } from "./tool-binaries.ts";

let controlPlane: ControlPlane | undefined;

// Built before the suite's own time begins to count.
const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));

contractSuite({
  name: `kube-apiserver ${kubernetesVersion()}`,
  async connect() {
    controlPlane = await startControlPlane(tools);
    const { url, token, dispatcher } = controlPlane;
    return { url, dispatcher, headers: { authorization: `Bearer ${token}` } };
  },
  async prepareNamespace(api) {
    // In a cluster the controller manager makes it.
    await api.post(`/api/v1/namespaces/${api.namespace}/serviceaccounts`, { metadata: { name: "default" } });
    await serveMeshProfiles(api);
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

const CRD_FILE = new URL("../../manifests/crds/berth.dev_meshprofiles.yaml", import.meta.url);
const ESTABLISHED_MS_MAX = 20_000;

async function serveMeshProfiles(api: ContractApi): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { code, body } = await api.post(path, parse(readFileSync(CRD_FILE, "utf8")));
  if (code !== 201) throw new Error(`the CRD was not accepted: ${JSON.stringify(body)}`);
  const deadlineMs = Date.now() + ESTABLISHED_MS_MAX;
  for (;;) {
    const { code: listed } = await api.get("/apis/berth.dev/v1alpha1/meshprofiles");
    if (listed === 200) return;
    if (Date.now() > deadlineMs) throw new Error("the CRD is not served");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
