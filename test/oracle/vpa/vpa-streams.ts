// Random lives of a workload's pods: load that swings by the day, jumps and drifts; gaps of minutes to ten days; OOMs, also
// late ones; samples that come twice, late or negative; pods that go and come; a recommender that restarts.

import { SeededRandom } from "#sim/seeded-random.ts";
import type { ApiPolicy, VpaCommand } from "./vpa-command.ts";

export interface StreamOptions {
  readonly seed: number;
  readonly daysMin: number;
  readonly daysMax: number;
  /** One of them is drawn for a stream. */
  readonly intervalMinutes: readonly number[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Long ago: upstream dates its own objects by the machine's clock, and must not take these for outdated. */
const START_MS = Date.UTC(2001, 0, 1);
const MIB = 1024 ** 2;
const RECOMMEND_EVERY_MS = 6 * HOUR_MS;

export function vpaStream(options: StreamOptions): readonly VpaCommand[] {
  return new StreamWriter(options).write();
}

interface Container {
  readonly name: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly swing: number;
  readonly noise: number;
}

class StreamWriter {
  readonly #random: SeededRandom;
  readonly #commands: VpaCommand[] = [];
  readonly #options: StreamOptions;
  readonly #containers: readonly Container[];
  readonly #pods: { name: string; group: string }[] = [];
  #podsMade = 0;
  #level = 1;
  #nowMs: number;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#nowMs = START_MS + this.#random.integer(300 * 24 * 60) * MINUTE_MS + this.#random.integer(60_000);
    this.#containers = Array.from({ length: 1 + this.#random.integer(3) }, (_, index) =>
      this.#container(index),
    );
  }

  write(): readonly VpaCommand[] {
    const random = this.#random;
    const { daysMin, daysMax, intervalMinutes } = this.#options;
    const policy = this.#policy();
    const round = this.#is(0.2)
      ? { cpuMilli: 1 + random.integer(100), memoryBytes: 1 + random.integer(64 * MIB) }
      : { cpuMilli: 1, memoryBytes: 1 };
    this.#commands.push({ op: "stream", ...(policy === undefined ? {} : { policy }), round });
    for (let pods = 1 + random.integer(4); pods > 0; pods--) this.#newPod();
    const endMs = this.#nowMs + random.between(daysMin, daysMax) * DAY_MS;
    const stepMs = (intervalMinutes[random.integer(intervalMinutes.length)] ?? 1) * MINUTE_MS;
    let recommendAtMs = this.#nowMs + stepMs;
    while (this.#nowMs < endMs) {
      this.#happenings(stepMs);
      for (const pod of this.#pods) for (const container of this.#containers) this.#use(pod.name, container);
      this.#commands.push({ op: "collect", at: this.#nowMs });
      if (this.#nowMs >= recommendAtMs) {
        this.#commands.push({ op: "recommend", at: this.#nowMs });
        recommendAtMs = this.#nowMs + RECOMMEND_EVERY_MS;
      }
      this.#nowMs += stepMs;
    }
    this.#commands.push({ op: "recommend", at: this.#nowMs }, { op: "checkpoint", at: this.#nowMs });
    return this.#commands;
  }

  // How often things happen is stated per day, so that streams of any interval have about as many.
  #happenings(stepMs: number): void {
    const random = this.#random;
    const happens = (timesPerDay: number): boolean => this.#is((timesPerDay * stepMs) / DAY_MS);
    if (happens(0.3)) this.#level *= random.between(0.4, 2.5);
    if (happens(0.4)) this.#nowMs += random.integer(12 * 60) * MINUTE_MS;
    if (happens(0.02)) this.#nowMs += Math.floor(random.between(1, 10) * DAY_MS);
    if (happens(0.5)) this.#replacePod();
    if (happens(0.4)) this.#oom();
    if (happens(0.1)) this.#restart();
  }

  #use(pod: string, { name, cpuMilli, memoryBytes, swing, noise }: Container): void {
    const random = this.#random;
    if (this.#is(0.02)) return;
    const day = 1 + swing * Math.sin((2 * Math.PI * (this.#nowMs % DAY_MS)) / DAY_MS);
    const factor = this.#level * day * Math.exp(noise * random.normal());
    const cpu = Math.round(cpuMilli * factor);
    const memory = Math.round(memoryBytes * (0.7 + 0.3 * factor));
    const at = this.#is(0.01) ? this.#nowMs - random.integer(3 * HOUR_MS) : this.#nowMs;
    const sample = { op: "use", at, pod, container: name } as const;
    const which = random.next();
    if (which < 0.005) this.#commands.push({ ...sample, cpu: -cpu - 1, memory: -memory });
    else if (which < 0.02) this.#commands.push({ ...sample, cpu });
    else this.#commands.push({ ...sample, cpu, memory });
    if (which > 0.99) this.#commands.push({ ...sample, cpu: cpu + 1, memory: memory + 1 });
  }

  #oom(): void {
    const random = this.#random;
    const pod = this.#pods[random.integer(this.#pods.length)];
    const container = this.#containers[random.integer(this.#containers.length)];
    if (pod === undefined || container === undefined) return;
    const at = this.#is(0.2) ? this.#nowMs - random.integer(2 * DAY_MS) : this.#nowMs;
    const memory = Math.round(container.memoryBytes * random.between(0.2, 3));
    this.#commands.push({ op: "oom", at, pod: pod.name, container: container.name, memory });
  }

  #replacePod(): void {
    const gone = this.#pods.splice(this.#random.integer(this.#pods.length), 1)[0];
    if (gone === undefined) return;
    this.#commands.push({ op: "gone", pod: gone.name });
    this.#newPod();
  }

  #restart(): void {
    this.#commands.push({ op: "checkpoint", at: this.#nowMs }, { op: "restart", at: this.#nowMs });
    for (const { name, group } of this.#pods) this.#announce(name, group);
  }

  #newPod(): void {
    const pod = { name: `pod-${this.#podsMade++}`, group: `revision-${this.#random.integer(2)}` };
    this.#pods.push(pod);
    this.#announce(pod.name, pod.group);
  }

  #announce(pod: string, group: string): void {
    const requests = Object.fromEntries(
      this.#containers.map(({ name, memoryBytes }) => [name, Math.round(memoryBytes)]),
    );
    this.#commands.push({ op: "pod", at: this.#nowMs, pod, group, requests });
  }

  #container(index: number): Container {
    const random = this.#random;
    return {
      name: `container-${index}`,
      cpuMilli: Math.exp(random.between(Math.log(2), Math.log(40_000))),
      memoryBytes: Math.exp(random.between(Math.log(4 * MIB), Math.log(64 * 1024 * MIB))),
      swing: random.between(0, 0.8),
      noise: random.between(0, 0.6),
    };
  }

  #policy(): ApiPolicy | undefined {
    if (this.#is(0.5)) return undefined;
    const names = [...this.#containers.map(({ name }) => name).filter(() => this.#is(0.5)), "*"];
    const containerPolicies = names.map((name) => this.#containerPolicy(name));
    return { containerPolicies };
  }

  #containerPolicy(containerName: string): ApiPolicy["containerPolicies"][number] {
    const random = this.#random;
    const [cpuMin, memoryMin] = [`${random.integer(500)}m`, `${random.integer(900)}Mi`];
    const [cpuMax, memoryMax] = [`${1 + random.integer(20)}`, `${1 + random.integer(40)}Gi`];
    return {
      containerName,
      ...(this.#is(0.1) ? { mode: "Off" as const } : {}),
      ...(this.#is(0.5) ? { minAllowed: { cpu: cpuMin, memory: memoryMin } } : {}),
      ...(this.#is(0.5) ? { maxAllowed: { cpu: cpuMax, memory: memoryMax } } : {}),
      ...(this.#is(0.2) ? { controlledResources: [this.#is(0.5) ? "cpu" : "memory"] } : {}),
    };
  }

  #is(probability: number): boolean {
    return this.#random.next() < probability;
  }
}
