// Numbers in place of names that many rows repeat. A name keeps its number for as long as the table lives, so that a row
// changes only if what it tells of does.

export class NameNumbers {
  readonly #numbers = new Map<string, number>();
  #byNumber: Readonly<Record<string, string>> = {};

  /** The name's number; a new one if it has none yet. */
  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }

  /** The names; an object that was returned is never changed. */
  get byNumber(): Readonly<Record<string, string>> {
    if (Object.keys(this.#byNumber).length !== this.#numbers.size)
      this.#byNumber = Object.fromEntries([...this.#numbers].map(([name, number]) => [String(number), name]));
    return this.#byNumber;
  }
}
