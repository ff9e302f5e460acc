// What one file imports: statically, dynamically, as a type, or as the entry file of a worker or process.

import type { Token } from "./source-tokens.ts";

export interface ImportSite {
  /** `entry` is a file of ours named by `new URL("./x.ts", import.meta.url)` or `import.meta.resolve`. */
  readonly kind: "static" | "dynamic" | "entry";
  /** Undefined where a dynamic import is not a string literal. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/**
 * @throws Error with the line of an import statement that makes no sense.
 */
export function importsOf(tokens: readonly Token[]): readonly ImportSite[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== "word" || isName(tokens, index)) return [];
    if (token.text === "import") return importAt(tokens, index);
    if (token.text === "export") return reExportAt(tokens, index);
    if (token.text === "require" && textAt(tokens, index + 1) === "(") return [callAt(tokens, index + 1)];
    if (token.text === "URL") return entryAt(tokens, index);
    return [];
  });
}

// A property, a private name or a key that happens to be called like a keyword.
function isName(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  const isMember = before?.kind === "punctuator" && [".", "?.", "#"].includes(before.text);
  return isMember || textAt(tokens, index + 1) === ":";
}

function importAt(tokens: readonly Token[], index: number): readonly ImportSite[] {
  const next = tokens[index + 1];
  if (next?.kind === "string") return [{ kind: "static", specifier: next.text, line: next.line }];
  if (next?.text === "(") return [callAt(tokens, index + 1)];
  if (next?.text === ".") {
    const isResolve = textAt(tokens, index + 2) === "meta" && textAt(tokens, index + 4) === "resolve";
    return isResolve ? [{ ...callAt(tokens, index + 5), kind: "entry" }] : [];
  }
  return [sourceAfter(tokens, index + 1)];
}

function reExportAt(tokens: readonly Token[], index: number): readonly ImportSite[] {
  const clause = textAt(tokens, index + 1) === "type" ? index + 2 : index + 1;
  if (textAt(tokens, clause) === "*") return [sourceAfter(tokens, clause)];
  if (textAt(tokens, clause) !== "{") return [];
  const end = tokens.findIndex((token, at) => at > clause && isPunctuator(token, "}"));
  return textAt(tokens, end + 1) === "from" && tokens[end + 2]?.kind === "string"
    ? [sourceAfter(tokens, end + 1)]
    : [];
}

// The string after the word `from`, which a binding may be called as well.
function sourceAfter(tokens: readonly Token[], start: number): ImportSite {
  for (let at = start; at < tokens.length; at++) {
    const [token, next] = [tokens[at], tokens[at + 1]];
    if (token === undefined || isPunctuator(token, ";") || isPunctuator(token, "=")) break;
    if (token.kind === "word" && token.text === "from" && next?.kind === "string") {
      return { kind: "static", specifier: next.text, line: next.line };
    }
  }
  throw new Error(`line ${tokens[start]?.line ?? "?"}: an import without a source`);
}

function callAt(tokens: readonly Token[], parenthesis: number): ImportSite {
  const [argument, after] = [tokens[parenthesis + 1], tokens[parenthesis + 2]];
  const isLiteral = argument?.kind === "string" && (after?.text === ")" || after?.text === ",");
  return {
    kind: "dynamic",
    specifier: isLiteral ? argument.text : undefined,
    line: tokens[parenthesis]?.line ?? 0,
  };
}

// new URL("./worker.ts", import.meta.url): the file runs, so it is depended on.
function entryAt(tokens: readonly Token[], index: number): readonly ImportSite[] {
  const [literal, ...rest] = tokens.slice(index + 2, index + 9);
  const isOwnFile = rest
    .map(({ text }) => text)
    .join("")
    .startsWith(",import.meta.url");
  if (literal?.kind !== "string" || !isOwnFile || !/\.[cm]?ts$/.test(literal.text)) return [];
  return [{ kind: "entry", specifier: literal.text, line: literal.line }];
}

function textAt(tokens: readonly Token[], index: number): string | undefined {
  const token = tokens[index];
  return token === undefined || token.kind === "string" ? undefined : token.text;
}

function isPunctuator(token: Token, text: string): boolean {
  return token.kind === "punctuator" && token.text === text;
}
