// Which version of its configuration an instance has, since when, and how it has done with it: kept here and not by
// whoever judges, so that a judge that is away, or another one, finds all of it.

import type { Clock } from "#runtime/clock.ts";

import { figuresSince, type ReleaseFigures, releaseFigures } from "../policy/release-figures.ts";
import type { AppSettings } from "./cluster-source.ts";
import { DIRECTIONS, type InstanceCounters } from "./instance-counters.ts";

export interface InstanceReleaseReport extends ReleaseFigures {
  readonly version: number;
  readonly ageMs: number;
  /** Unplanned ends of the instance, and successors that did not start. */
  readonly failures: number;
  /** With all versions before. */
  readonly before: ReleaseFigures;
}

interface ReleasedInstance {
  readonly counters: InstanceCounters;
  readonly restarts: ReadonlyMap<unknown, number>;
  replace(why: string): void;
}

export class InstanceRelease {
  readonly #instance: ReleasedInstance;
  readonly #clock: Pick<Clock, "nowMs">;
  #version: number | undefined;
  #sinceMs = 0;
  #before: ReleaseFigures = { attempts: 0, errors: 0 };
  #failuresBefore = 0;
  #notReplaced = 0;
  #isConfigured = false;
  #restartId: string | undefined;

  constructor(instance: ReleasedInstance, clock: Pick<Clock, "nowMs">) {
    this.#instance = instance;
    this.#clock = clock;
  }

  /** Settings that hold from now on; undefined while none are known. */
  configured({ version, restartId }: Pick<AppSettings, "version" | "restartId"> = {}): void {
    // What was asked for before this instance was there is not meant for it.
    if (this.#isConfigured && restartId !== undefined && restartId !== this.#restartId)
      this.#instance.replace("its restart was asked for");
    this.#isConfigured = true;
    this.#restartId = restartId ?? this.#restartId;
    if (version === this.#version) return;
    this.#version = version;
    this.#sinceMs = this.#clock.nowMs();
    this.#before = this.#figures();
    this.#failuresBefore = this.#failures();
  }

  /** A successor with the present settings did not come up. */
  notReplaced(): void {
    this.#notReplaced += 1;
  }

  /** Undefined without a version. */
  report(): InstanceReleaseReport | undefined {
    if (this.#version === undefined) return undefined;
    return {
      version: this.#version,
      ageMs: Math.max(0, this.#clock.nowMs() - this.#sinceMs),
      failures: this.#failures() - this.#failuresBefore,
      ...figuresSince(this.#before, this.#figures()),
      before: this.#before,
    };
  }

  #figures(): ReleaseFigures {
    const counts = this.#instance.counters.read();
    return releaseFigures(DIRECTIONS.map((direction) => counts[direction]));
  }

  #failures(): number {
    const ends = [...this.#instance.restarts.values()].reduce((sum, count) => sum + count, 0);
    return ends + this.#notReplaced;
  }
}
