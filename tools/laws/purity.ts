// What code that only decides must not mention: clocks, randomness, effects and waiting. They are arguments there.

import type { Token } from "./source-tokens.ts";

/** Each forbidden mention with its line. */
export function impurities(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, index) => {
    const name = impurityAt(tokens, index);
    return name === undefined ? [] : [`line ${token.line}: ${name}`];
  });
}

const FORBIDDEN_WORDS = new Set(["async", "await", "globalThis"]);
const FORBIDDEN_OBJECTS = new Set(["process", "console", "performance", "crypto"]);
const FORBIDDEN_CALLS = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "require",
]);
const FORBIDDEN_MEMBERS = new Set(["Date.now", "Math.random"]);

function impurityAt(tokens: readonly Token[], index: number): string | undefined {
  const token = tokens[index];
  if (token?.kind !== "word" || isMember(tokens, index)) return undefined;
  const [next, afterNext] = [tokens[index + 1]?.text, tokens[index + 2]?.text];
  const isKey = next === ":";
  if (FORBIDDEN_WORDS.has(token.text) && !isKey) return token.text;
  if (FORBIDDEN_OBJECTS.has(token.text) && (next === "." || next === "?." || next === "[")) return token.text;
  if (FORBIDDEN_CALLS.has(token.text) && next === "(") return token.text;
  if (token.text === "Date" && tokens[index - 1]?.text === "new") return "new Date";
  const member = `${token.text}${next === "." ? `.${afterNext}` : ""}`;
  return FORBIDDEN_MEMBERS.has(member) ? member : undefined;
}

function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  return before?.kind === "punctuator" && [".", "?.", "#"].includes(before.text);
}
