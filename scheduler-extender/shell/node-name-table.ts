// Names of nodes read from a request's bytes without making a string of each: kube-scheduler sends thousands of them with
// every question, nearly the same ones each time. Names that were read before are found by their bytes.

import type { NodeName } from "#model/brand.ts";

/** Three times the largest cluster that Kubernetes is tested for; when there are more, reading begins anew. */
const NAMES_MAX = 15_000;
/** A power of two, four times as many as names: most names are where they are looked for first. */
const SLOTS = 65_536;
/** What Kubernetes allows. */
const NAME_BYTES_MAX = 253;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const FIRST_PRINTABLE = 0x20;
const LAST_ASCII = 0x7e;

export interface NamesRead {
  readonly names: readonly NodeName[];
  /** Behind the closing bracket. */
  readonly end: number;
}

export class NodeNameTable {
  /** One more than the place in `#names`; 0 where there is none. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #names: NodeName[] = [];
  readonly #bytes: Uint8Array[] = [];

  /**
   * The strings of a JSON array whose opening bracket is just before `from`. Undefined if it is written in any other way
   * than an array of plain ASCII strings without a space between them: whoever asks has to parse it as any JSON.
   */
  read(body: Uint8Array, from: number): NamesRead | undefined {
    const names: NodeName[] = [];
    if (body[from] === CLOSING_BRACKET) return { names, end: from + 1 };
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
      names.push(this.#nameOf(body, { start, end: at, hash }));
      at++;
      if (body[at] === CLOSING_BRACKET) return { names, end: at + 1 };
      if (body[at] !== COMMA) return undefined;
    }
  }

  #nameOf(body: Uint8Array, { start, end, hash }: Written): NodeName {
    // The lowest bits of such a hash are those of the last characters, in which names differ.
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) return this.#learn(body.subarray(start, end), slot);
      if (isEqual(this.#bytes[place], body, { start, end })) return this.#names[place] as NodeName;
    }
  }

  #learn(bytes: Uint8Array, slot: number): NodeName {
    if (this.#names.length >= NAMES_MAX) this.#forget();
    const name = String.fromCharCode(...bytes) as NodeName;
    this.#names.push(name);
    // A copy: the request's bytes are not kept.
    this.#bytes.push(bytes.slice());
    this.#slots[slot] = this.#names.length;
    return name;
  }

  #forget(): void {
    this.#slots.fill(0);
    this.#names.length = 0;
    this.#bytes.length = 0;
  }
}

interface Written {
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

function isEqual(
  known: Uint8Array | undefined,
  body: Uint8Array,
  { start, end }: Pick<Written, "start" | "end">,
): boolean {
  if (known?.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== body[start + index]) return false;
  }
  return true;
}
