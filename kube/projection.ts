// The local copy of one collection: what `decode` kept of each object, by key, and who is told of changes.

import { objectIdentity } from "./object-identity.ts";
import type { ObjectIdentity } from "./object-identity.ts";

export interface ProjectionOptions<T> {
  /** Keeps what is needed of an object. May throw: the object then counts as absent. */
  readonly decode: (raw: unknown) => T;
  readonly handlers: ProjectionHandlers<T>;
  readonly decodeFailed: (key: string, error: unknown) => void;
}

/** Called synchronously, once per change; they only update state. */
export interface ProjectionHandlers<T> {
  /** `previous` is undefined for a new object; one recreated under its name was reported deleted before. */
  upserted(value: T, previous: T | undefined): void;
  /** `value` is what was last upserted. */
  deleted(value: T): void;
}

export class Projection<T> {
  readonly #options: ProjectionOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** Keys met by the list in progress; undefined between lists. */
  #listed: Set<string> | undefined;

  constructor(options: ProjectionOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  *values(): IterableIterator<T> {
    for (const entry of this.#entries.values()) yield entry.value;
  }

  upsert(raw: unknown): void {
    const identity = objectIdentity(raw);
    this.#listed?.add(identity.key);
    const previous = this.#entries.get(identity.key);
    if (previous !== undefined && isSameVersion(previous, identity)) return;
    if (previous !== undefined && previous.uid !== identity.uid) this.#delete(identity.key);
    const decoded = this.#decode(raw, identity.key);
    if (decoded === undefined) {
      this.#delete(identity.key);
      return;
    }
    const { uid, resourceVersion } = identity;
    const known = this.#entries.get(identity.key)?.value;
    this.#entries.set(identity.key, { value: decoded.value, uid, resourceVersion });
    this.#options.handlers.upserted(decoded.value, known);
  }

  remove(raw: unknown): void {
    this.#delete(objectIdentity(raw).key);
  }

  /** Starts a list over; what an unfinished one had met is forgotten. */
  beginList(): void {
    this.#listed = new Set();
  }

  /** Every object was upserted since beginList: those that were not have vanished meanwhile. */
  endList(): void {
    const listed = this.#listed ?? new Set();
    this.#listed = undefined;
    for (const key of this.#entries.keys()) {
      if (!listed.has(key)) this.#delete(key);
    }
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#options.handlers.deleted(entry.value);
  }

  #decode(raw: unknown, key: string): { readonly value: T } | undefined {
    try {
      return { value: this.#options.decode(raw) };
    } catch (error) {
      this.#options.decodeFailed(key, error);
      return undefined;
    }
  }
}

interface Entry<T> {
  readonly value: T;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The uid too: after a restore from a backup, or a loopback restart, versions are given out again. */
function isSameVersion<T>(entry: Entry<T>, identity: ObjectIdentity): boolean {
  return (
    identity.resourceVersion !== "" &&
    entry.resourceVersion === identity.resourceVersion &&
    entry.uid === identity.uid
  );
}
