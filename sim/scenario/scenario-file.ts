// Reads a scenario file: YAML, checked against the schema, and every complaint with file, line and column.

import { readFileSync, statSync } from "node:fs";
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import type { PlaceOf } from "./place-of.ts";
import { type Scenario, scenarioSchema } from "./scenario-schema.ts";

export interface ScenarioFile {
  readonly scenario: Scenario;
  /** As written, without defaults: what a sweep's parameters change. */
  readonly written: unknown;
  /** File, line and column of a field, for what only shows when the scenario is looked at as a whole. */
  readonly placeOf: PlaceOf;
}

/** A list of every node of a large fleet would still fit. */
const FILE_BYTES_MAX = 4 * 1024 ** 2;

/** @throws UsageError for a file that cannot be read, is no YAML, or is not of the schema: unknown keys are refused. */
export function readScenarioFile(path: string): ScenarioFile {
  return parseScenario(scenarioFileText(path), path);
}

/** @param path what the text is called in errors. */
export function parseScenario(text: string, path: string): ScenarioFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    // The library's message repeats the place and shows the text; the first line says what is wrong.
    const [what = ""] = broken.message.split(/ at line \d+|\n/);
    throw new UsageError(`${placed(path, lines, broken.pos[0])}: ${what}`, { cause: broken });
  }
  const written = plainValue(path, document);
  const result = scenarioSchema.safeParse(written);
  if (result.success) {
    const placeOf: PlaceOf = (at) => placed(path, lines, offsetOf(document, { at }));
    return { scenario: result.data, written, placeOf };
  }
  const problems = result.error.issues
    .flatMap((issue) => complaints(issue))
    .map(({ at, key, what }) => `${placed(path, lines, offsetOf(document, { at, key }))}: ${what}`);
  throw new UsageError(problems.join("\n"));
}

/** @throws UsageError for a file that cannot be read or is too large. */
export function scenarioFileText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) {
      throw new UsageError(`${path}: has ${size} bytes; a scenario has at most ${FILE_BYTES_MAX}`);
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read the scenario ${path}: ${(error as Error).message}`, { cause: error });
  }
}

// Aliases are followed only here: one without an anchor, or too many of them, is the file's fault.
function plainValue(path: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

interface Complaint {
  readonly at: readonly PropertyKey[];
  /** The key itself is wrong, not its value. */
  readonly key?: string;
  readonly what: string;
}

function complaints(issue: z.core.$ZodIssue): readonly Complaint[] {
  const at = issue.path;
  const where = at.length === 0 ? "" : `${at.map(String).join(".")}: `;
  if (issue.code === "invalid_union" && issue.errors.length > 0)
    return [{ at, what: `${where}${unionText(issue.errors)}` }];
  if (issue.code !== "unrecognized_keys") return [{ at, what: `${where}${issue.message}` }];
  return issue.keys.map((key) => ({ at, key, what: `${where}there is no key "${key}" here` }));
}

/** What each of the alternatives says, once. */
function unionText(alternatives: readonly (readonly z.core.$ZodIssue[])[]): string {
  const texts = alternatives.flatMap(([first]) => first?.message.replace(/^Invalid input: /, "") ?? []);
  return [...new Set(texts)].join("; or ");
}

interface Spot {
  readonly at: readonly PropertyKey[];
  readonly key?: string | undefined;
}

/** Of the innermost part that the file has. */
function offsetOf(document: Document, { at, key }: Spot): number {
  for (let depth = at.length; depth >= 0; depth--) {
    const part = at.slice(0, depth).map((step) => (typeof step === "symbol" ? String(step) : step));
    const node = (depth === 0 ? document.contents : document.getIn(part, true)) as Node | null | undefined;
    if (node === null || node === undefined) continue;
    if (depth === at.length && key !== undefined && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      const offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
      if (offset !== undefined) return offset;
    }
    return node.range?.[0] ?? 0;
  }
  return 0;
}

function placed(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${Math.max(1, line)}:${Math.max(1, col)}`;
}
