// Names of nodes read from a request's bytes without making a string of each: kube-scheduler sends thousands of them with
// every question, nearly the same ones each time. Names that were read before are found by their bytes.

import type { NodeName } from "#model/brand.ts";

/** Three times the largest cluster that Kubernetes is tested for; when there are more, reading begins anew. */
const NAMES_MAX = 15_000;
/** What 16 bits number, four times as many as names: most names are where they are looked for first. */
const SLOTS = 65_536;
/** What Kubernetes allows. */
const NAME_BYTES_MAX = 253;
/** Doubled when it is full, up to what so many names of that length take: 4 MB. */
const BYTES_FIRST = 65_536;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const FIRST_PRINTABLE = 0x20;
const LAST_ASCII = 0x7e;

const NOTHING = new Uint8Array(0);

export interface NamesRead {
  readonly names: readonly NodeName[];
  /** Behind the closing bracket. */
  readonly end: number;
}

export class NodeNameTable {
  /** One more than the place in `#names`; 0 where there is none. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #names: NodeName[] = [];
  /** Names one after the other; where each begins, and last where the next one will. */
  #bytes = new Uint8Array(BYTES_FIRST);
  readonly #starts = new Int32Array(NAMES_MAX + 1);
  #answered: Answered | undefined;
  #countLast = 0;
  /** While it is read; to pass it on with a place would make an object of each name. */
  #body: Uint8Array = NOTHING;

  /**
   * The strings of a JSON array whose opening bracket is just before `from`. Undefined if it is written in any other way
   * than an array of plain ASCII strings without a space between them: whoever asks has to parse it as any JSON.
   */
  read(body: Buffer, from: number): NamesRead | undefined {
    const answered = this.#answeredAt(body, from - 1);
    if (answered !== undefined) return answered;
    this.#body = body;
    const read = this.#readNames(from);
    this.#body = NOTHING;
    return read;
  }

  #readNames(from: number): NamesRead | undefined {
    const body = this.#body;
    if (body[from] === CLOSING_BRACKET) return { names: [], end: from + 1 };
    // As many as last time, mostly: a list that grows name by name is copied several times over.
    const names: NodeName[] = [];
    names.length = this.#countLast;
    let count = 0;
    for (let at = from; ; at++) {
      if (body[at] !== QUOTE) return undefined;
      const start = at + 1;
      let hash = 0;
      for (at = start; ; at++) {
        const byte = body[at];
        if (byte === QUOTE) break;
        if (byte === undefined || byte < FIRST_PRINTABLE || byte > LAST_ASCII || byte === BACKSLASH) {
          return undefined;
        }
        hash = (Math.imul(hash, 31) + byte) | 0;
      }
      if (at - start > NAME_BYTES_MAX) return undefined;
      names[count++] = this.#nameOf(start, at, hash);
      at++;
      if (body[at] === CLOSING_BRACKET) {
        names.length = count;
        this.#countLast = count;
        return { names, end: at + 1 };
      }
      if (body[at] !== COMMA) return undefined;
    }
  }

  /** After filter's answer kube-scheduler asks prioritize about the very same list. */
  answered(list: Buffer, names: readonly NodeName[]): void {
    this.#answered = { list, names };
  }

  #answeredAt(body: Buffer, start: number): NamesRead | undefined {
    if (this.#answered === undefined) return undefined;
    const { list, names } = this.#answered;
    const end = start + list.length;
    return body.subarray(start, end).equals(list) ? { names, end } : undefined;
  }

  #nameOf(start: number, end: number, hash: number): NodeName {
    // Fibonacci hashing: numbered names would stand side by side otherwise, and be searched for one after the other.
    const first = Math.imul(hash, 0x9e3779b1) >>> 16;
    for (let slot = first; ; slot = (slot + 1) & (SLOTS - 1)) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) return this.#learn(this.#body.subarray(start, end), slot);
      if (this.#isAt(place, start, end)) return this.#names[place] as NodeName;
    }
  }

  #isAt(place: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    const body = this.#body;
    const from = this.#starts[place] ?? 0;
    if ((this.#starts[place + 1] ?? 0) - from !== end - start) return false;
    for (let at = start; at < end; at++) {
      if (bytes[from + at - start] !== body[at]) return false;
    }
    return true;
  }

  #learn(name: Uint8Array, slot: number): NodeName {
    if (this.#names.length >= NAMES_MAX) {
      this.#slots.fill(0);
      this.#names.length = 0;
    }
    const start = this.#starts[this.#names.length] ?? 0;
    if (start + name.length > this.#bytes.length) {
      const wider = new Uint8Array(2 * this.#bytes.length);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    this.#bytes.set(name, start);
    const text = String.fromCharCode(...name) as NodeName;
    this.#names.push(text);
    this.#starts[this.#names.length] = start + name.length;
    this.#slots[slot] = this.#names.length;
    return text;
  }
}

interface Answered {
  /** As it was written, brackets included. */
  readonly list: Buffer;
  readonly names: readonly NodeName[];
}
