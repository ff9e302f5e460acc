// `--explain`: the decisions about one pod, told by the words of `berth explain`.

import { UsageError } from "#runtime/usage-error.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { explainedPolicy } from "#sim/engine/explained-policy.ts";
import { BERTH_POLICY } from "#sim/engine/policies.ts";
import type { PreparedScenario } from "#sim/scenario/scenario-run.ts";
import { decisionText } from "../explain/explanation-text.ts";

/** A pod that waits is decided on again and again; what is told last repeats itself. */
const DECISIONS_MAX = 8;

export class Decisions {
  readonly #pod: string | undefined;
  readonly #explanations: Explanation[] = [];
  #more = 0;

  /** @param pod its name in the trace; undefined if nothing is to be explained. */
  constructor(pod: string | undefined) {
    this.#pod = pod;
  }

  /** @throws UsageError if there is no such pod, or Berth's policy is not run. */
  watched(prepared: PreparedScenario): PreparedScenario {
    const pod = this.#pod;
    if (pod === undefined) return prepared;
    if (!prepared.pods.pods.some(({ id }) => id === pod)) {
      const first = prepared.pods.pods[0]?.id;
      throw new UsageError(`--explain: the trace has no pod "${pod}"; its first is "${first}"`);
    }
    if (!prepared.policies.some(({ name }) => name === BERTH_POLICY)) {
      throw new UsageError(`--explain: decisions of policy ${BERTH_POLICY} are explained; run it, too`);
    }
    const onExplained = (explanation: Explanation): void => this.#note(explanation);
    return {
      ...prepared,
      policies: prepared.policies.map((policy) =>
        policy.name === BERTH_POLICY ? explainedPolicy(policy, { pod, onExplained }) : policy,
      ),
    };
  }

  /** One part per decision; empty if nothing is to be explained. */
  text(): string {
    const parts = this.#explanations.map((explanation, index) => {
      const hours = (explanation.atMs / 3_600_000).toFixed(2);
      return `\n${decisionText(`Decision ${index + 1} about ${explanation.pod.name}, at hour ${hours}`, explanation)}\n`;
    });
    return `${parts.join("")}${this.#more === 0 ? "" : `\nand ${this.#more} more while it waited\n`}`;
  }

  #note(explanation: Explanation): void {
    if (this.#explanations.length < DECISIONS_MAX) this.#explanations.push(explanation);
    else this.#more++;
  }
}
