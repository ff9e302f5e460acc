// What the oracle is told, one JSON line each (see main.go), and what it answers.

import type { SomeResources } from "#vpa-recommender/policy/vpa-recommendation.ts";

export type VpaCommand =
  | { readonly op: "stream"; readonly policy?: ApiPolicy; readonly round: ApiRounding }
  | {
      readonly op: "pod";
      readonly at: number;
      readonly pod: string;
      readonly group: string;
      readonly requests: Readonly<Record<string, number>>;
    }
  | { readonly op: "gone"; readonly pod: string }
  | {
      readonly op: "use";
      readonly at: number;
      readonly pod: string;
      readonly container: string;
      readonly cpu?: number;
      readonly memory?: number;
    }
  | {
      readonly op: "oom";
      readonly at: number;
      readonly pod: string;
      readonly container: string;
      readonly memory: number;
    }
  | { readonly op: "collect" | "checkpoint" | "restart" | "recommend"; readonly at: number };

/** As a VPA object holds it. */
export interface ApiPolicy {
  readonly containerPolicies: readonly {
    readonly containerName: string;
    readonly mode?: "Auto" | "Off";
    readonly minAllowed?: Readonly<Record<string, string>>;
    readonly maxAllowed?: Readonly<Record<string, string>>;
    readonly controlledResources?: readonly string[];
  }[];
}

export interface ApiRounding {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export interface VpaAnswer {
  /** The answer to `recommend`. */
  readonly containers?: readonly AnsweredContainer[];
  /** The answer to `checkpoint`, by container name, as the API server would store it. */
  readonly checkpoints?: Readonly<Record<string, ApiCheckpoint>>;
}

export interface AnsweredContainer {
  readonly name: string;
  readonly target: SomeResources;
  readonly lowerBound: SomeResources;
  readonly upperBound: SomeResources;
  readonly uncappedTarget: SomeResources;
}

export interface ApiCheckpoint {
  readonly firstSampleStart: string | null;
  readonly lastSampleStart: string | null;
  readonly totalSamplesCount?: number;
  readonly cpuHistogram: ApiHistogram;
  readonly memoryHistogram: ApiHistogram;
}

export interface ApiHistogram {
  readonly bucketWeights?: Readonly<Record<string, number>>;
  readonly totalWeight?: number;
  readonly referenceTimestamp: string | null;
}
