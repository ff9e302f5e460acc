// Command-line flags from a zod schema: one field, one flag (`holdSeconds` → `--hold-seconds`), so that parsing,
// checking and --help cannot disagree.

import { parseArgs } from "node:util";
import { z } from "zod";
import { UsageError } from "./usage-error.ts";

export type FlagSchema = z.ZodObject<Record<string, z.ZodType>>;

/**
 * The flags that were given, by field, as the types the schema wants but not yet checked against it.
 *
 * @throws UsageError for an unknown flag, a missing value, or text where a number belongs.
 */
export function readFlags(schema: FlagSchema, argv: readonly string[]): Record<string, unknown> {
  const { given, words } = readCommandLine(schema, argv);
  const [word] = words;
  if (word === undefined) return given;
  throw new UsageError(`Unexpected argument '${word}'; --help lists the options`);
}

export interface CommandLine {
  /** What is no flag and no flag's value, in order: what a command is about. */
  readonly words: readonly string[];
  readonly given: Record<string, unknown>;
}

/**
 * The same for a command that takes words as well, before, between and after its flags, as kubectl's do.
 *
 * @throws UsageError as `readFlags` does, but for words.
 */
export function readCommandLine(schema: FlagSchema, argv: readonly string[]): CommandLine {
  const fields = fieldsOf(schema);
  const { values, positionals: words } = parse(fields, argv);
  const given: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.flag];
    if (value !== undefined)
      given[field.name] = typeof value === "boolean" ? value : typed(field, String(value));
  }
  return { words, given };
}

/**
 * Checks fields against the schema and fills in its defaults.
 *
 * @throws UsageError naming every flag that is wrong, and how.
 */
export function checkFlags<S extends FlagSchema>(schema: S, given: Record<string, unknown>): z.infer<S> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const [name] = issue.path;
    if (name === undefined) return issue.message;
    const isMissing = given[String(name)] === undefined;
    return `--${flagName(String(name))}: ${isMissing ? "is needed; --help says what for" : issue.message}`;
  });
  throw new UsageError(problems.join("\n"));
}

/** One line per flag: name, what it takes, what it is for, and its default. */
export function describeFlags(schema: FlagSchema): string {
  const rows = fieldsOf(schema).map(({ flag, type, description, fallback }) => ({
    left: type === "boolean" ? `--${flag}` : `--${flag} ${type === "string" ? "TEXT" : "N"}`,
    right:
      description +
      ([undefined, false, ""].includes(fallback as undefined) ? "" : ` (default ${String(fallback)})`),
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

export function flagName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

interface Field {
  readonly name: string;
  readonly flag: string;
  readonly type: "string" | "number" | "boolean";
  readonly description: string;
  readonly fallback: unknown;
}

function fieldsOf(schema: FlagSchema): readonly Field[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, property]) => {
    const { type, description = "", default: fallback } = property as z.core.JSONSchema.BaseSchema;
    return {
      name,
      flag: flagName(name),
      type: type === "boolean" ? "boolean" : type === "number" || type === "integer" ? "number" : "string",
      description,
      fallback,
    };
  });
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parse(fields: readonly Field[], argv: readonly string[]): Parsed {
  const options = Object.fromEntries(
    fields.map(({ flag, type }) => [flag, { type: type === "boolean" ? "boolean" : "string" } as const]),
  );
  try {
    const args = argv.map((word) => longForm(word, options));
    return parseArgs({ args, options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${reasonOf((error as Error).message)}; --help lists the options`, { cause: error });
  }
}

// Node's words, but for its advice on further lines, which for a value that begins with a dash is the point.
function reasonOf(message: string): string {
  const [, flag] = /^Option '(.+)' argument is ambiguous/.exec(message) ?? [];
  if (flag !== undefined)
    return `${flag} is followed by what looks like a flag; if it is its value, write ${flag}=…`;
  return message.split(". To specify")[0] ?? message;
}

/** As kubectl has them. */
const SHORT_FORMS: Readonly<Record<string, string>> = { o: "output", n: "namespace", w: "watch" };

// `-o json`, `-o=json` and `-ojson` are one.
function longForm(word: string, options: Readonly<Record<string, unknown>>): string {
  const [, letter = "", value] = /^-([a-z])(?:=?(.+))?$/.exec(word) ?? [];
  const flag = SHORT_FORMS[letter];
  if (flag === undefined || !Object.hasOwn(options, flag)) return word;
  return value === undefined ? `--${flag}` : `--${flag}=${value}`;
}

function typed(field: Field, text: string): unknown {
  if (field.type !== "number") return text;
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number)) {
    throw new UsageError(`--${field.flag}: "${text}" is not a number`);
  }
  return number;
}
