// Whether this version of Kubernetes can do what Berth needs.

import { type Check, fault, ok } from "../finding.ts";

interface Version {
  readonly gitVersion: string;
}

interface Resources {
  readonly resources: readonly { readonly name: string }[];
}

export const version: Check = {
  name: "Kubernetes",
  async run(reader) {
    const { gitVersion } = (await reader.get("/version")) as Version;
    const { resources } = (await reader.get("/api/v1")) as Resources;
    if (resources.some(({ name }) => name === "pods/resize"))
      return [ok(`${gitVersion}, pods are resized in place`)];
    return [
      fault(
        `${gitVersion} has no pods/resize: proxies cannot be resized in place`,
        "upgrade to 1.33 or newer, or add manifests/components/template-sizing, which sizes by the DaemonSet's template",
      ),
    ];
  },
};
