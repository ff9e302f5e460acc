import assert from "node:assert/strict";
import { test } from "node:test";
import { NEEDED_RIGHTS } from "#cli/doctor/needed-rights.ts";
import { baseObjectsOf, type Manifest } from "./manifest-files.ts";

interface Role extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Needed only where somebody uses them: upstream's autoscalers, and the scales of their targets. */
const ON_DEMAND = /autoscaling\.k8s\.io|get apps\/(deployments|replicasets|statefulsets)/;

test("the doctor asks for every right that the manifests grant without a name, and for no other", () => {
  for (const [account, needed] of Object.entries(NEEDED_RIGHTS)) {
    const granted = [...baseObjectsOf<Role>("ClusterRole"), ...baseObjectsOf<Role>("Role")]
      .filter(({ metadata }) => metadata.name === account)
      .flatMap(({ kind, rules }) =>
        rules
          .filter(({ resourceNames }) => resourceNames === undefined)
          .flatMap(({ apiGroups, resources, verbs }) =>
            apiGroups.flatMap((group) =>
              resources.flatMap((resource) =>
                verbs.map((verb) => `${kind === "Role" ? "local " : ""}${verb} ${group}/${resource}`),
              ),
            ),
          ),
      );
    const asked = needed.flatMap(({ verbs, group, resource, isLocal }) =>
      verbs.map((verb) => `${isLocal === true ? "local " : ""}${verb} ${group}/${resource}`),
    );
    assert.deepEqual(
      [...asked].sort(),
      [...new Set(granted)].filter((right) => !ON_DEMAND.test(right)).sort(),
      account,
    );
  }
});
