// Whether pods that want the mesh have it, and are not held back.

import { MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { PLACEMENT_GATE } from "#model/placing-view.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { INJECTED_ANNOTATION } from "#scheduler-extender/policy/injection.ts";
import { type Check, type Finding, fault, type KubeObject, nameOf, ok, someOf, warning } from "../finding.ts";

/** Nominate mode lifts every gate after half a minute by default. */
const GATED_MS_MAX = 120_000;

export const meshPods: Check = {
  name: "mesh pods",
  async run(reader) {
    const labelled = await reader.list(resourcePath(PODS), {
      labelSelector: `${MESH_LABEL}=${MESH_ENABLED}`,
    });
    const pods = labelled.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const findings: Finding[] = [];
    const bare = pods.filter(({ metadata }) => metadata.annotations?.[INJECTED_ANNOTATION] === undefined);
    if (bare.length > 0)
      findings.push(
        warning(
          `${bare.length} of ${pods.length} mesh pods run without the mesh, since nobody answered the webhook when they were created: ${someOf(bare.map(nameOf))}`,
          "make them anew: kubectl rollout restart of what they belong to",
        ),
      );
    const held = pods.filter((pod) => isGated(pod) && ageMs(pod, reader.nowMs) > GATED_MS_MAX);
    if (held.length > 0)
      findings.push(
        fault(
          `${held.length} pods are held back by the gate ${PLACEMENT_GATE} for more than two minutes: ${someOf(held.map(nameOf))}`,
          "berth ungate --all lets them go; nominate mode needs an extender that leads with --mode=nominate",
        ),
      );
    if (findings.length > 0) return findings;
    return [ok(pods.length === 0 ? "there are none yet" : `${pods.length}, all injected, none held back`)];
  },
};

function isGated({ spec }: KubeObject): boolean {
  const gates = (spec?.["schedulingGates"] ?? []) as readonly { readonly name: string }[];
  return gates.some(({ name }) => name === PLACEMENT_GATE);
}

function ageMs({ metadata }: KubeObject, nowMs: number): number {
  return nowMs - Date.parse(metadata.creationTimestamp ?? "");
}
