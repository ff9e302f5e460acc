// Remembers the latest ids in bounded memory, so that duplicates are found in a stream of any length.

export class RecentIds {
  readonly #window: number;
  #current = new Set<string>();
  #previous = new Set<string>();

  /** @param window an id is remembered for at least this many later ones; Infinity: for good. */
  constructor(window: number) {
    this.#window = window;
  }

  /** False if the id is among those remembered. */
  add(id: string): boolean {
    if (this.#current.has(id) || this.#previous.has(id)) return false;
    this.#current.add(id);
    if (this.#current.size >= this.#window) {
      this.#previous = this.#current;
      this.#current = new Set();
    }
    return true;
  }
}
