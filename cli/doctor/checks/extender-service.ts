// Whether calls to the extender's Service end at somebody who answers.

import { ENDPOINT_SLICES, resourcePath } from "#kube/resource-path.ts";
import { type Check, fault, type KubeObject, ok, warning } from "../finding.ts";

const SERVICE = "berth-scheduler-extender";

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean };
}

export const extenderService: Check = {
  name: "extender's Service",
  async run(reader) {
    const { namespace } = reader;
    const slices = await reader.list(resourcePath({ ...ENDPOINT_SLICES, namespace }), {
      labelSelector: `kubernetes.io/service-name=${SERVICE}`,
    });
    const ready = slices
      .flatMap(
        (slice) => (slice as KubeObject & { readonly endpoints?: readonly Endpoint[] }).endpoints ?? [],
      )
      .filter(({ conditions }) => conditions?.ready !== false).length;
    if (ready === 1) return [ok(`${SERVICE} leads to one replica`)];
    if (ready === 0)
      return [
        fault(
          `${SERVICE} has no endpoint: kube-scheduler and the API server reach nobody`,
          `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${SERVICE} -L berth.dev/leader-of; the leader labels its own pod, which needs the right to patch pods there`,
        ),
      ];
    return [
      warning(
        `${SERVICE} leads to ${ready} replicas, each with a ledger of its own`,
        `its selector must have berth.dev/leader-of: compare with manifests/base/scheduler-extender.yaml`,
      ),
    ];
  },
};
