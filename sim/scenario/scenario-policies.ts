// The policies of a scenario: Berth's by name, one's own by file.

import { resolve } from "node:path";
import { UsageError } from "#runtime/usage-error.ts";
import type { PlacementPolicy } from "../engine/placement-policy.ts";
import { placementPolicies } from "../engine/policies.ts";
import { resourcesOf } from "./written-resources.ts";
import type { Scenario } from "./scenario-schema.ts";
import { scoredPolicy } from "./scored-placement.ts";
import { isScorerFile, loadScorer } from "./scorer.ts";

/**
 * Berth's own in their usual order, then those of files in the order in which they are named.
 *
 * @throws UsageError for a name that is none, a file without a scorer, and two policies of one name.
 */
export async function policiesOf(
  { policies, mesh }: Pick<Scenario, "policies" | "mesh">,
  folder: string,
): Promise<readonly PlacementPolicy[]> {
  const known = placementPolicies(resourcesOf(mesh.sidecar));
  const names = new Set(policies.filter((policy) => !isScorerFile(policy)));
  for (const name of names) {
    if (known.some((policy) => policy.name === name)) continue;
    const all = known.map((policy) => policy.name).join(", ");
    throw new UsageError(`policy "${name}" is none of ${all}, and no file`);
  }
  const chosen = known.filter(({ name }) => names.has(name));
  for (const file of new Set(policies.filter(isScorerFile))) {
    const policy = scoredPolicy(await loadScorer(resolve(folder, file)));
    if (known.some(({ name }) => name === policy.name) || chosen.some(({ name }) => name === policy.name)) {
      throw new UsageError(`${file}: its scorer is called ${policy.name}, as another policy is`);
    }
    chosen.push(policy);
  }
  return chosen;
}
