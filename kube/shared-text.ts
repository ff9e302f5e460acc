// One copy of a text that many objects carry: JSON.parse makes a new string of a node's name for every pod that is on it,
// and of a namespace for every object that is in it.

/** The nodes, apps, owners and namespaces of a cluster at the limits that Kubernetes is tested for; then it begins anew. */
const TEXTS_MAX = 100_000;

export class SharedText {
  readonly #texts = new Map<string, string>();

  /** An equal string: the one that was seen first. */
  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
