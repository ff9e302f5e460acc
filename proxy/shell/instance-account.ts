// What an instance has counted and used in all its lives: those of now, and those that have ended.

import { InstanceCounters } from "./instance-counters.ts";
import type { Life } from "./instance-life.ts";
import type { ProcessUse } from "./process-use.ts";

export interface OwnProcesses extends ProcessUse {
  /** Of what is resident, what they share with nobody. */
  readonly ownBytes: number;
}

export class InstanceAccount {
  readonly #lives: () => Iterable<Life>;
  /** What bodies that have ended counted. */
  readonly #past = new InstanceCounters();
  #pastCpuMicros = 0;
  #pastProcessCpuMicros: number | undefined;

  /** @param lives those of now. */
  constructor(lives: () => Iterable<Life>) {
    this.#lives = lives;
  }

  /** As they stand now. */
  get counters(): InstanceCounters {
    const sum = new InstanceCounters();
    sum.addAll(this.#past.values());
    for (const { body } of this.#lives()) sum.addAll(body.counters.values());
    return sum;
  }

  get cpuSeconds(): number {
    let micros = this.#pastCpuMicros;
    for (const { body } of this.#lives()) micros += body.cpuMicros;
    return micros / 1e6;
  }

  /** What its heaps hold of the system's memory, and what they own outside; of a process, all that is its own. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const { body } of this.#lives()) {
      const { counters, process } = body;
      bytes += process?.ownBytes ?? counters.get("heapTotalBytes") + counters.get("externalBytes");
    }
    return bytes;
  }

  /** Of all that, what processes of its own have used and hold; undefined as long as it never had one. */
  get ownProcesses(): OwnProcesses | undefined {
    let cpuMicros = this.#pastProcessCpuMicros;
    let residentBytes = 0;
    let ownBytes = 0;
    for (const { body } of this.#lives()) {
      if (body.process === undefined) continue;
      cpuMicros = (cpuMicros ?? 0) + body.cpuMicros;
      residentBytes += body.process.residentBytes;
      ownBytes += body.process.ownBytes;
    }
    return cpuMicros === undefined ? undefined : { cpuSeconds: cpuMicros / 1e6, residentBytes, ownBytes };
  }

  /** Of the processes that it has for itself, the one that serves first. */
  get processIds(): readonly number[] {
    return [...this.#lives()].flatMap(({ body }) => body.process?.pid ?? []);
  }

  /** A life has ended, and is not among those of now any more. */
  close({ body }: Life): void {
    const { counters, cpuMicros, process } = body;
    this.#pastCpuMicros += cpuMicros;
    if (process !== undefined) this.#pastProcessCpuMicros = (this.#pastProcessCpuMicros ?? 0) + cpuMicros;
    counters.closeBooks();
    this.#past.addAll(counters.values());
  }
}
