// Obeys the oracle's commands with our own estimator.

import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { HistogramCheckpoint } from "#vpa-recommender/policy/decaying-histogram.ts";
import { ZERO_TIME_MS } from "#vpa-recommender/policy/decaying-histogram.ts";
import type { UsageCheckpoint } from "#vpa-recommender/policy/usage-aggregate.ts";
import {
  type ContainerPolicy,
  type SomeResources,
  vpaRecommendation,
} from "#vpa-recommender/policy/vpa-recommendation.ts";
import { WorkloadHistory } from "#vpa-recommender/policy/workload-history.ts";
import type {
  ApiCheckpoint,
  ApiHistogram,
  ApiPolicy,
  ApiRounding,
  VpaAnswer,
  VpaCommand,
} from "./vpa-command.ts";

/** Answers one stream's commands. */
export function ourAnswers(commands: readonly VpaCommand[]): readonly VpaAnswer[] {
  const ours = new OurVpa();
  return commands.flatMap((command) => ours.obey(command) ?? []);
}

const COLLECT_EVERY_MS = 3_600_000;

class OurVpa {
  #history = new WorkloadHistory();
  #policies: readonly ContainerPolicy[] = [];
  #round: ApiRounding = { cpuMilli: 1, memoryBytes: 1 };
  #collectedMs = 0;

  obey(command: VpaCommand): VpaAnswer | undefined {
    switch (command.op) {
      case "stream":
        this.#policies = policiesOf(command.policy);
        this.#round = command.round;
        return undefined;
      case "pod": {
        const { pod, group, requests, at: nowMs } = command;
        this.#history.podSeen(pod, { group, containers: Object.keys(requests), nowMs });
        return undefined;
      }
      case "gone":
        this.#history.podGone(command.pod);
        return undefined;
      case "use": {
        const { pod, container, at: timeMs, cpu, memory } = command;
        const used = {
          ...(cpu === undefined ? {} : { cpuMilli: cpu }),
          ...(memory === undefined ? {} : { memoryBytes: memory }),
        };
        this.#history.add({ pod, container, timeMs, ...used });
        return undefined;
      }
      case "oom": {
        const { pod, container, at: timeMs, memory: requestedBytes } = command;
        this.#history.addOom({ pod, container, timeMs, requestedBytes });
        return undefined;
      }
      case "collect":
        this.#collect(command.at);
        return undefined;
      case "restart":
        this.#restart(command.at);
        return undefined;
      case "checkpoint":
        return { checkpoints: Object.fromEntries(this.#checkpoints(command.at)) };
      case "recommend": {
        const options = { policies: this.#policies, roundTo: this.#round };
        return { containers: vpaRecommendation(this.#history.byContainer(command.at), options) };
      }
    }
  }

  #collect(nowMs: number): void {
    if (nowMs - this.#collectedMs < COLLECT_EVERY_MS) return;
    this.#history.collectGarbage(nowMs);
    this.#collectedMs = nowMs;
  }

  #restart(nowMs: number): void {
    const saved = this.#history.checkpoints(nowMs);
    this.#history = new WorkloadHistory();
    this.#collectedMs = 0;
    for (const [container, checkpoint] of saved) this.#history.restore(container, checkpoint, nowMs);
  }

  #checkpoints(nowMs: number): Iterable<readonly [string, ApiCheckpoint]> {
    return [...this.#history.checkpoints(nowMs)].map(
      ([name, checkpoint]) => [name, asApi(checkpoint)] as const,
    );
  }
}

function asApi({ firstSampleMs, lastSampleMs, samplesCount, cpu, memory }: UsageCheckpoint): ApiCheckpoint {
  return {
    firstSampleStart: timeOf(firstSampleMs),
    lastSampleStart: timeOf(lastSampleMs),
    totalSamplesCount: samplesCount,
    cpuHistogram: histogramOf(cpu),
    memoryHistogram: histogramOf(memory),
  };
}

function histogramOf({ referenceMs, bucketWeights, totalWeight }: HistogramCheckpoint): ApiHistogram {
  return { referenceTimestamp: timeOf(referenceMs), bucketWeights, totalWeight };
}

function timeOf(timeMs: number): string | null {
  return timeMs === ZERO_TIME_MS ? null : new Date(timeMs).toISOString().replace(".000Z", "Z");
}

function policiesOf(policy: ApiPolicy | undefined): readonly ContainerPolicy[] {
  return (policy?.containerPolicies ?? []).map(
    ({ containerName, mode, minAllowed, maxAllowed, controlledResources = ["cpu", "memory"] }) => ({
      name: containerName,
      isOff: mode === "Off",
      minAllowed: amountsOf(minAllowed),
      maxAllowed: amountsOf(maxAllowed),
      controlled: controlledResources.map((name) => (name === "cpu" ? "cpuMilli" : "memoryBytes")),
    }),
  );
}

function amountsOf({ cpu, memory }: Readonly<Record<string, string>> = {}): SomeResources {
  return {
    ...(cpu === undefined ? {} : { cpuMilli: parseCpuMilli(cpu) }),
    ...(memory === undefined ? {} : { memoryBytes: parseMemoryBytes(memory) }),
  };
}
