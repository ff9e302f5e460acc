// Whether somebody leads: the extender that answers, and the recommender that resizes.

import { LEASES, resourcePath } from "#kube/resource-path.ts";
import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { COMPONENT as RECOMMENDER } from "#vpa-recommender/shell/recommender-loops.ts";
import { type Check, type ClusterReader, type Finding, fault, type KubeObject, ok } from "../finding.ts";

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly renewTime?: string;
  readonly leaseDurationSeconds?: number;
}

/** A clock that differs from the holder's by this much is no reason to call a Lease lost. */
const CLOCK_SKEW_MS = 30_000;

export const leaders: Check = {
  name: "leaders",
  async run(reader) {
    return [
      await leader(reader, EXTENDER_LEASE, "pods are placed without regard to their node's proxy"),
      await leader(reader, RECOMMENDER, "proxies keep the size that they have"),
    ];
  },
};

async function leader(reader: ClusterReader, name: string, consequence: string): Promise<Finding> {
  const { namespace, nowMs } = reader;
  const lease = (await reader.get(resourcePath({ ...LEASES, namespace, name }))) as KubeObject | undefined;
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 0 } = (lease?.spec ?? {}) as LeaseSpec;
  const mend = `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=${name}; its log and /readyz say what it waits for`;
  if (holderIdentity === "") return fault(`no ${name} leads: ${consequence}`, mend);
  const ageMs = nowMs - Date.parse(renewTime);
  if (ageMs > leaseDurationSeconds * 1000 + CLOCK_SKEW_MS) {
    const what = `${name}: ${holderIdentity} renewed its Lease ${Math.round(ageMs / 1000)} s ago and no longer leads: ${consequence}`;
    return fault(what, mend);
  }
  return ok(`${name}: ${holderIdentity} leads`);
}
