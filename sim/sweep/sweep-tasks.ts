// The tasks of a sweep, in an order that everybody who has the scenario file makes the same: seeds outermost, so that
// neighbours share a workload and a part of the sweep has all policies, then parameters, then node counts, then policies.
// One task is one scenario with one policy and one seed.

import { UsageError } from "#runtime/usage-error.ts";
import type { ScenarioFile } from "../scenario/scenario-file.ts";
import { type Scenario, type ScenarioSource, scenarioSchema } from "../scenario/scenario-schema.ts";

export interface SweepTask {
  /** From 0. */
  readonly index: number;
  readonly point: SweepPoint;
  readonly scenario: Scenario;
}

/** Where a task stands in the sweep. */
export interface SweepPoint {
  readonly policy: string;
  readonly seed: number;
  /** Nodes of the fleet where the sweep varies them. */
  readonly nodes?: number;
  /** Field → value, for the fields that the sweep varies. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Its run is surveyed, and has the figures of that besides. */
  readonly isSurveyed?: true;
}

/** Lists of values with more combinations than this are a mistake sooner than a wish. */
export const SWEEP_TASKS_MAX = 100_000;

/** @throws UsageError for fields that are not there, values that do not go, and more than 100,000 tasks. */
export function sweepTasks({ scenario, written, placeOf }: ScenarioFile): readonly SweepTask[] {
  const { policies, seeds, sweep } = scenario;
  const settings = settingsOf(scenario);
  const count = settings.length * policies.length * seeds.length;
  if (count > SWEEP_TASKS_MAX) {
    throw new UsageError(`the sweep has ${count} tasks; more than ${SWEEP_TASKS_MAX} are not run together`);
  }
  if (sweep?.baseline !== undefined && !policies.includes(sweep.baseline)) {
    throw new UsageError(
      `sweep.baseline: "${sweep.baseline}" is none of the policies: ${policies.join(", ")}`,
    );
  }
  const tasks: SweepTask[] = [];
  const bases = settings.map((setting) => ({ setting, base: scenarioAt({ written, placeOf }, setting) }));
  for (const seed of seeds) {
    for (const { setting, base } of bases) {
      for (const policy of policies) {
        const point = {
          policy,
          seed,
          ...setting,
          ...(sweep?.survey === true && { isSurveyed: true as const }),
        };
        tasks.push({ index: tasks.length, point, scenario: { ...base, policies: [policy], seeds: [seed] } });
      }
    }
  }
  return tasks;
}

/** Equal for tasks whose pods are the same: a trace is so for every seed. */
export function workloadKey({ scenario: { workload }, point: { seed } }: SweepTask): string {
  return JSON.stringify([workload, workload.generator === undefined ? "" : seed]);
}

/** A sweep's baseline: what its differences are against. */
export function baselineOf({ policies, sweep }: Scenario): string {
  return sweep?.baseline ?? policies[0] ?? "";
}

/** What sizings are compared with where usage is played: one size for all if that is among them. */
export function baselineSizingOf({ usage }: Scenario): string | undefined {
  return usage?.sizing.find((sizing) => sizing === "template") ?? usage?.sizing[0];
}

type Setting = Pick<SweepPoint, "nodes" | "parameters">;

/** Every combination; the last parameter changes fastest, and the number of nodes faster than any. */
function settingsOf({ sweep, fleet }: Scenario): readonly Setting[] {
  let settings: readonly Setting[] = [{ parameters: {} }];
  for (const [field, values] of Object.entries(sweep?.parameters ?? {})) {
    settings = settings.flatMap(({ parameters }) =>
      values.map((value) => ({ parameters: { ...parameters, [field]: value } })),
    );
    if (settings.length > SWEEP_TASKS_MAX) {
      throw new UsageError(`sweep.parameters: more than ${SWEEP_TASKS_MAX} combinations`);
    }
  }
  const counts = sweep?.nodes;
  if (counts === undefined) return settings;
  if (fleet.shapes?.length !== 1) {
    throw new UsageError("sweep.nodes: is for a fleet of one shape; vary fleet.shapes.N.count for several");
  }
  return settings.flatMap((setting) => counts.map((nodes) => Object.assign({ nodes }, setting)));
}

function scenarioAt(
  { written, placeOf }: Pick<ScenarioFile, "written" | "placeOf">,
  { nodes, parameters }: Setting,
): Scenario {
  const copy = structuredClone(written) as ScenarioSource;
  delete copy.sweep;
  for (const [field, value] of Object.entries(parameters)) setField(copy, field, value);
  if (nodes !== undefined) setField(copy, "fleet.shapes.0.count", nodes);
  const result = scenarioSchema.safeParse(copy);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String) ?? [];
  const keys = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const where = [...path, ...keys.slice(0, 1)].join(".");
  const field = Object.keys(parameters).find((name) => name === where || where.startsWith(`${name}.`));
  const place = placeOf(field === undefined ? ["sweep"] : ["sweep", "parameters", field]);
  const what = keys.length === 0 ? (issue?.message ?? "is wrong") : "there is no such field";
  const point = JSON.stringify({ ...parameters, ...(nodes !== undefined && { nodes }) });
  throw new UsageError(`${place}: sweep: ${where}: ${what}, with ${point}`);
}

const NOT_VARIED: ReadonlySet<string> = new Set(["apiVersion", "kind", "name", "policies", "seeds", "sweep"]);

function setField(target: object, field: string, value: unknown): void {
  const steps = field.split(".");
  const last = steps.pop() ?? "";
  if (field.includes("__proto__")) throw new UsageError(`sweep.parameters: there is no field ${field}`);
  if (NOT_VARIED.has(steps[0] ?? last)) {
    throw new UsageError(
      `sweep.parameters: ${field} is not varied here; policies and seeds are lists of their own`,
    );
  }
  let part = target as Record<string, unknown>;
  for (const step of steps) {
    // Nothing is reached but what the file says itself.
    if (!Object.hasOwn(part, step)) {
      if (Array.isArray(part))
        throw new UsageError(`sweep.parameters: ${field}: the list has no item ${step}`);
      part[step] = {};
    }
    const next = part[step];
    if (typeof next !== "object" || next === null) {
      throw new UsageError(`sweep.parameters: ${field}: ${step} has no fields`);
    }
    part = next as Record<string, unknown>;
  }
  if (Array.isArray(part) && !Object.hasOwn(part, last)) {
    throw new UsageError(`sweep.parameters: ${field}: the list has no item ${last}`);
  }
  part[last] = value;
}
