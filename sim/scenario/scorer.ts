// A placement policy of one's own in one file: it exports a `scorer`, and the scenario names the file.
//
//     import type { Scorer } from "#sim/scenario/scorer.ts";
//
//     export const scorer: Scorer = {
//       name: "fewest-pods",
//       score: ({ node }) => -node.pods,
//     };
//
// Nodes that would not hold the pod and its mesh share (A + B) are left out before, as Berth's filter does.

import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Resources } from "#model/resources.ts";
import { UsageError } from "#runtime/usage-error.ts";

export interface Scorer {
  readonly name: string;
  readonly summary?: string;
  /** Any finite number; the node with the highest takes the pod, the first by name among equals. */
  score(question: ScorerQuestion): number;
}

export interface ScorerQuestion {
  readonly pod: ScoredPod;
  readonly node: ScoredNode;
}

export interface ScoredPod {
  readonly name: string;
  /** `namespace/name`. */
  readonly app: string;
  /** A. */
  readonly request: Resources;
}

export interface ScoredNode {
  readonly name: string;
  /** Empty where none is known. */
  readonly zone: string;
  readonly allocatable: Resources;
  /** What pods, promises and the proxy leave. */
  readonly free: Resources;
  /** All but the proxy. */
  readonly pods: number;
  readonly apps: number;
  /** Of the pod's app. */
  readonly podsOfApp: number;
  /** B: what the node's proxy would have to grow by. */
  readonly meshCost: Resources;
}

const scorerModule = z.looseObject({
  scorer: z.looseObject({
    name: z.string().min(1).max(100),
    summary: z.string().optional(),
    score: z.custom<Scorer["score"]>((value) => typeof value === "function", "must be a function"),
  }),
});

/** Is the policy a file, and not one of Berth's? */
export function isScorerFile(policy: string): boolean {
  return policy.includes("/") || /\.[cm]?[jt]s$/.test(policy);
}

/** @throws UsageError if the module cannot be loaded or exports no scorer. */
export async function loadScorer(path: string): Promise<Scorer> {
  const loaded = scorerModule.safeParse(await importModule(path));
  if (loaded.success) return loaded.data.scorer as Scorer;
  const problems = loaded.error.issues.map((issue) => `${issue.path.map(String).join(".")} ${issue.message}`);
  throw new UsageError(
    `${path}: exports no scorer (${problems.join("; ")}); expected: export const scorer = { name, score({ pod, node }) }`,
  );
}

async function importModule(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`${path}: cannot be loaded as a module: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
