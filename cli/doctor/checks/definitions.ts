// Whether the API server knows Berth's own kinds.

import { type Check, type Finding, fault, type KubeObject, ok } from "../finding.ts";

const DEFINITIONS = ["meshprofiles.berth.dev", "nodeproxyautoscalers.berth.dev"] as const;
const COLLECTION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const MEND = "kubectl apply --server-side -k manifests/crds";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

export const definitions: Check = {
  name: "custom resources",
  async run(reader) {
    const findings = await Promise.all(
      DEFINITIONS.map(async (name): Promise<readonly Finding[]> => {
        const found = (await reader.get(`${COLLECTION}/${name}`)) as KubeObject | undefined;
        if (found === undefined) return [fault(`the definition ${name} is not installed`, MEND)];
        const conditions = (found.status?.["conditions"] ?? []) as readonly Condition[];
        const established = conditions.find(({ type }) => type === "Established");
        if (established?.status === "True") return [];
        return [fault(`the definition ${name} is not served: ${established?.message ?? "not yet"}`, MEND)];
      }),
    );
    const wrong = findings.flat();
    return wrong.length > 0 ? wrong : [ok(DEFINITIONS.join(", "))];
  },
};
