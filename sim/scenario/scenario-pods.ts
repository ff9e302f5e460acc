// The pods of a scenario: read from its trace, or generated with the run's seed.

import { basename, resolve } from "node:path";
import { assert } from "#model/assert.ts";
import { generateTrace, type GeneratorOptions } from "../traces/generator.ts";
import { loadTrace } from "../traces/load-trace.ts";
import type { TracePod } from "../traces/trace.ts";
import type { Scenario } from "./scenario-schema.ts";

export interface ScenarioPods {
  /** What the report calls them. */
  readonly name: string;
  readonly pods: readonly TracePod[];
}

/** @throws UsageError as the trace's reader and the generator do. */
export async function podsOf(
  { trace, generator }: Scenario["workload"],
  { folder, seed }: { readonly folder: string; readonly seed: number },
): Promise<ScenarioPods> {
  if (trace === undefined) {
    assert(generator !== undefined, "a scenario has a trace or a generator");
    return { name: "generated trace", pods: generateTrace(generatorOptions(generator, seed)) };
  }
  const { file, apps, usage, ...options } = trace;
  const pods = await loadTrace(resolve(folder, file), {
    ...given(options),
    ...(apps !== undefined && { appsPath: resolve(folder, apps) }),
    ...(usage !== undefined && { usagePath: resolve(folder, usage) }),
  });
  return { name: basename(file), pods };
}

export function generatorOptions(
  { pods, spanSeconds, ...rest }: NonNullable<Scenario["workload"]["generator"]>,
  seed: number,
): GeneratorOptions {
  return { seed, pods, spanSeconds, ...given(rest) };
}

/** Without the keys that are undefined, which an optional field does not allow. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
