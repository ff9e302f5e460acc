// TypeScript source as a flat list of tokens, without comments. TypeScript 7 has no parser to call, and Node's stripping
// erases type imports, which the law counts. What the scanner cannot read is an error, never silently skipped.

export interface Token {
  readonly kind: "word" | "string" | "template" | "number" | "regex" | "punctuator";
  /** Strings and templates without substitutions hold their content, everything else its source. */
  readonly text: string;
  readonly line: number;
}

/**
 * @throws Error with the line of whatever does not end.
 */
export function tokensOf(source: string): readonly Token[] {
  const scanner = new Scanner(source);
  while (!scanner.isAtEnd()) scanner.step();
  return scanner.tokens;
}

const SPACE = /\s+/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*|\.\d\w*/y;
const STRING = /"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const PUNCTUATOR = /\+\+|--|\?\.|=>|\.\.\.|[^]/y;
const TEMPLATE_CHUNK = /((?:[^`\\$]|\\[^]|\$(?!\{))*)(`|\$\{)/y;
const HASHBANG = /^#!.*/;

// After these a slash begins a regular expression; after any other word it divides.
const WORDS_BEFORE_REGEX = new Set(
  "return typeof case in of delete void throw new do else instanceof await yield".split(" "),
);
const ENDS_OF_EXPRESSION = new Set([")", "]", "}", "++", "--"]);

class Scanner {
  readonly tokens: Token[] = [];
  readonly #source: string;
  #at = 0;
  #line = 1;
  // One entry for each open `${`: how many braces are open inside it.
  readonly #substitutions: number[] = [];
  #isNonNullMark = false;

  constructor(source: string) {
    this.#source = source;
    this.#advance(HASHBANG.exec(source)?.[0].length ?? 0);
  }

  isAtEnd(): boolean {
    if (this.#at < this.#source.length) return false;
    if (this.#substitutions.length > 0) throw this.#unreadable("template");
    return true;
  }

  step(): void {
    const next = this.#source[this.#at] ?? "";
    if (/\s/.test(next)) this.#match(SPACE);
    else if (this.#source.startsWith("//", this.#at)) this.#skipTo("\n");
    else if (this.#source.startsWith("/*", this.#at)) this.#skipComment();
    else if (next === '"' || next === "'") this.#string();
    else if (next === "`") this.#openTemplate();
    else if (next === "}" && this.#substitutions.at(-1) === 0) this.#resumeTemplate();
    else if (next === "/" && this.#mayBeginRegex())
      this.#emit("regex", this.#required(REGEX, "regular expression"));
    else if (this.#emitMatch("word", WORD) || this.#emitMatch("number", NUMBER)) return;
    else this.#punctuator();
  }

  #string(): void {
    const match = this.#required(STRING, "string");
    this.#emit("string", match, match[1] ?? match[2] ?? "");
  }

  #openTemplate(): void {
    this.#advance(1);
    this.#templateChunk();
  }

  #resumeTemplate(): void {
    this.#substitutions.pop();
    this.#advance(1);
    this.#templateChunk();
  }

  #templateChunk(): void {
    const match = this.#required(TEMPLATE_CHUNK, "template");
    this.#emit("template", match, match[1] ?? "");
    if (match[2] !== "${") return;
    this.#substitutions.push(0);
    this.tokens.push({ kind: "punctuator", text: "${", line: this.#line });
  }

  #punctuator(): void {
    const match = this.#required(PUNCTUATOR, "character");
    const [text] = match;
    const depth = this.#substitutions.length - 1;
    if (text === "{" && depth >= 0) this.#substitutions[depth] = (this.#substitutions[depth] ?? 0) + 1;
    if (text === "}" && depth >= 0) this.#substitutions[depth] = (this.#substitutions[depth] ?? 0) - 1;
    const isNonNullMark = text === "!" && !this.#mayBeginRegex();
    this.#emit("punctuator", match);
    this.#isNonNullMark = isNonNullMark;
  }

  #mayBeginRegex(): boolean {
    const before = this.tokens.at(-1);
    if (before === undefined) return true;
    if (before.kind === "word") return WORDS_BEFORE_REGEX.has(before.text);
    if (before.kind !== "punctuator") return false;
    return !this.#isNonNullMark && !ENDS_OF_EXPRESSION.has(before.text);
  }

  #skipTo(end: string): void {
    const index = this.#source.indexOf(end, this.#at);
    this.#advance((index === -1 ? this.#source.length : index) - this.#at);
  }

  #skipComment(): void {
    const end = this.#source.indexOf("*/", this.#at + 2);
    if (end === -1) throw this.#unreadable("comment");
    this.#advance(end + 2 - this.#at);
  }

  #emitMatch(kind: Token["kind"], pattern: RegExp): boolean {
    const line = this.#line;
    const match = this.#match(pattern);
    if (match === null) return false;
    this.#push({ kind, text: match[0], line });
    return true;
  }

  #emit(kind: Token["kind"], match: RegExpExecArray, text = match[0]): void {
    const lines = match[0].split("\n").length - 1;
    this.#push({ kind, text, line: this.#line - lines });
  }

  #push(token: Token): void {
    this.tokens.push(token);
    this.#isNonNullMark = false;
  }

  #required(pattern: RegExp, what: string): RegExpExecArray {
    const match = this.#match(pattern);
    if (match === null) throw this.#unreadable(what);
    return match;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match !== null) this.#advance(match[0].length);
    return match;
  }

  #advance(length: number): void {
    this.#line += this.#source.slice(this.#at, this.#at + length).split("\n").length - 1;
    this.#at += length;
  }

  #unreadable(what: string): Error {
    return new Error(`line ${this.#line}: cannot read the ${what} that begins here`);
  }
}
