// A component's settings: defaults, one YAML file, flags, in rising order of weight.

import { readFileSync } from "node:fs";
import { type Document, isMap, LineCounter, parseDocument, stringify } from "yaml";
import { z } from "zod";
import { checkFlags, describeFlags, type FlagSchema, flagName, readFlags } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

export interface ConfigKind<S extends FlagSchema> {
  /** The `kind` of the YAML file. */
  readonly kind: string;
  /** The command, for the head of --help. */
  readonly usage: string;
  readonly summary: string;
  readonly schema: S;
}

export const CONFIG_API_VERSION = "config.berth.dev/v1alpha1";

export type LoadedConfig<T> =
  | { readonly kind: "run"; readonly config: T }
  /** The user asked to see something; print it and end well. */
  | { readonly kind: "answer"; readonly text: string };

/**
 * Settings from `argv` and the file it names.
 *
 * @throws UsageError with file and line, or the flag, for everything that is wrong.
 */
export function loadConfig<S extends FlagSchema>(
  what: ConfigKind<S>,
  argv: readonly string[],
): LoadedConfig<z.infer<S>> {
  if (argv.includes("--help") || argv.includes("-h")) return { kind: "answer", text: help(what) };
  const { config: path, printConfig, ...flags } = readFlags(what.schema.extend(ownFlags.shape), argv);
  const file = path === undefined ? {} : readConfigFile(what, String(path));
  const config = checkFlags(what.schema, { ...file, ...flags });
  if (printConfig !== true) return { kind: "run", config };
  return { kind: "answer", text: printedConfig(what.kind, config, { file, flags }) };
}

const ownFlags = z.strictObject({
  config: z.string().optional().describe("YAML file with settings; flags win over it"),
  printConfig: z
    .boolean()
    .default(false)
    .describe("print the settings in force and where each comes from, then end"),
});

function help<S extends FlagSchema>({ usage, summary, schema }: ConfigKind<S>): string {
  return `${summary}\n\nUsage: ${usage} [options]\n\n${describeFlags(schema.extend(ownFlags.shape))}\n  --help\n`;
}

/**
 * The settings in a file, checked one by one.
 *
 * @throws UsageError with file and line for everything that is wrong.
 */
export function readConfigFile<S extends FlagSchema>(
  { kind, schema }: Pick<ConfigKind<S>, "kind" | "schema">,
  path: string,
): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new UsageError(`${path}:${lines.linePos(broken.pos[0]).line}: ${firstWords(broken.message)}`);
  const value = plainValue(path, document) ?? {};
  const fileSchema = z.strictObject({
    apiVersion: z.literal(CONFIG_API_VERSION),
    kind: z.literal(kind),
    ...schema.partial().shape,
  });
  const result = fileSchema.safeParse(value);
  if (!result.success) {
    const at = (key: string): string => `${path}:${lineOf(document.contents, key, lines)}`;
    const problems = result.error.issues.flatMap((issue) => {
      if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => `${at(key)}: ${kind} has no setting "${key}"`);
      const [key = ""] = issue.path.map(String);
      return `${at(key)}: ${key === "" ? "" : `${key}: `}${issue.message}`;
    });
    throw new UsageError(problems.join("\n"));
  }
  const { apiVersion: _, kind: __, ...settings } = value as Record<string, unknown>;
  return settings;
}

// The parser quotes the place on further lines, and ends the first one with it.
function firstWords(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
}

// Aliases are followed only here: one without an anchor, or too many of them, is the file's fault.
function plainValue(path: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read the settings file ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function lineOf(contents: unknown, key: string, lines: LineCounter): number {
  if (!isMap(contents)) return 1;
  const pair = contents.items.find((item) => String(item.key) === key);
  const range = (pair?.key as { range?: readonly number[] | null } | undefined)?.range;
  return lines.linePos(range?.[0] ?? 0).line;
}

/** As a file that can be read again, each setting with where it comes from. */
export function printedConfig(
  kind: string,
  config: Record<string, unknown>,
  sources: { readonly file: Record<string, unknown>; readonly flags: Record<string, unknown> },
): string {
  const settings = Object.entries(config).map(([name, value]) => {
    const source = name in sources.flags ? `--${flagName(name)}` : name in sources.file ? "file" : "default";
    return `${stringify({ [name]: value }).trimEnd()}  # ${source}`;
  });
  return [`apiVersion: ${CONFIG_API_VERSION}`, `kind: ${kind}`, ...settings, ""].join("\n");
}
