// The past of one VPA's containers from Prometheus, as upstream's history provider asks for it (VPA 1.8,
// pkg/recommender/input/history): the rate of CPU over the resolution and the working set of memory, from cAdvisor (one
// series per container, where a restarted one has several), and
// from kube-state-metrics which pods there were. Labels are cAdvisor's own since Kubernetes 1.16.

import type { Clock } from "#runtime/clock.ts";
import { believedSamples, type HistoryFault, type TimedValue } from "../policy/range-samples.ts";
import type { ContainerSample } from "../policy/workload-history.ts";
import { type LabelMatcher, type LabelRequirement, labelMatchers } from "./label-matchers.ts";
import { anyOf, type PrometheusClient, quoted, type RangeSeries } from "./prometheus-client.ts";

export interface VpaHistoryOptions {
  readonly prometheus: Pick<PrometheusClient, "range">;
  readonly clock: Clock;
  readonly lengthMs: number;
  readonly resolutionMs: number;
  /** The scrape job of cAdvisor. */
  readonly cadvisorJobName: string;
}

/** Whose past is asked for. */
export interface HistorySubject {
  readonly namespace: string;
  /** Pods that are there now. */
  readonly pods: readonly string[];
  readonly selector: readonly LabelRequirement[];
}

/** Cores, and bytes: the largest values that a histogram tells apart. */
const CORES_MAX = 1_000;
const BYTES_MAX = 1e12;
const MILLI_PER_CORE = 1_000;
/** A query that names more becomes too long; of more pods the others say the same. */
const PODS_MAX = 500;

export class VpaHistory {
  readonly #options: VpaHistoryOptions;

  constructor(options: VpaHistoryOptions) {
    this.#options = options;
  }

  /**
   * All samples of the subject's containers, by pod and container, oldest first; `told` hears of those left out.
   *
   * @throws OperationError if Prometheus does not answer.
   */
  async read(
    subject: HistorySubject,
    told: (fault: HistoryFault) => void,
  ): Promise<readonly ContainerSample[]> {
    const { cadvisorJobName, resolutionMs } = this.#options;
    const pods = new Set(subject.pods);
    for (const pod of await this.#pastPods(subject)) pods.add(pod);
    const asked = [...pods].slice(0, PODS_MAX);
    if (asked.length === 0) return [];
    const where = [
      `job=${quoted(cadvisorJobName)}`,
      `namespace=${quoted(subject.namespace)}`,
      `pod=~${anyOf(asked)}`,
      'container!="POD"',
      'container!=""',
    ].join(",");
    const window = `${Math.round(resolutionMs / 1000)}s`;
    const [cpu, memory] = await Promise.all([
      this.#range(`sum by (pod, container) (rate(container_cpu_usage_seconds_total{${where}}[${window}]))`),
      this.#range(`max by (pod, container) (container_memory_working_set_bytes{${where}})`),
    ]);
    return [
      ...samplesOf(cpu, (samples) => this.#believed(samples, CORES_MAX, told), cpuSample),
      ...samplesOf(memory, (samples) => this.#believed(samples, BYTES_MAX, told), memorySample),
    ];
  }

  // Pods that are gone: only kube-state-metrics can tell which labels they had. Without it there are none.
  async #pastPods({ namespace, selector }: HistorySubject): Promise<readonly string[]> {
    const matchers: readonly LabelMatcher[] = labelMatchers(selector);
    if (matchers.length === 0) return [];
    const where = [`namespace=${quoted(namespace)}`, ...matchers].join(",");
    const series = await this.#range(`kube_pod_labels{${where}}`);
    return series.flatMap(({ labels }) => labels["pod"] ?? []);
  }

  #believed(
    samples: readonly TimedValue[],
    valueMax: number,
    told: (fault: HistoryFault) => void,
  ): readonly TimedValue[] {
    return believedSamples(samples, { ...this.#span(), valueMax }, told);
  }

  #range(query: string): Promise<readonly RangeSeries[]> {
    return this.#options.prometheus.range({ query, ...this.#span(), stepMs: this.#options.resolutionMs });
  }

  #span(): { readonly startMs: number; readonly endMs: number } {
    const { clock, lengthMs } = this.#options;
    const endMs = clock.nowMs();
    return { startMs: endMs - lengthMs, endMs };
  }
}

function samplesOf(
  series: readonly RangeSeries[],
  believed: (samples: readonly TimedValue[]) => readonly TimedValue[],
  sampleOf: (of: Container, sample: TimedValue) => ContainerSample,
): readonly ContainerSample[] {
  return series.flatMap(({ labels, samples }) => {
    const { pod, container } = labels;
    if (pod === undefined || container === undefined) return [];
    return believed(samples).map((sample) => sampleOf({ pod, container }, sample));
  });
}

type Container = Pick<ContainerSample, "pod" | "container">;

// Whole millicores and bytes, cut off as upstream does.
function cpuSample({ pod, container }: Container, { timeMs, value }: TimedValue): ContainerSample {
  return { pod, container, timeMs, cpuMilli: Math.trunc(value * MILLI_PER_CORE) };
}

function memorySample({ pod, container }: Container, { timeMs, value }: TimedValue): ContainerSample {
  return { pod, container, timeMs, memoryBytes: Math.trunc(value) };
}
