// Everything the loopback API knows, in memory: objects by resource, one resourceVersion over all of them, and every
// committed change handed to the subscribers in order. Objects are never changed in place; a write replaces them.

import type { Cancel, Clock } from "#runtime/clock.ts";
import { alreadyExists, internalError, notFound } from "./api-error.ts";
import { equalJson, objectOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { keyOf, keyText, timestampText } from "./kube-object.ts";
import type { KubeObject, ObjectKey, ObjectMeta } from "./kube-object.ts";
import { RESOURCE_TYPES, apiVersionOf } from "./resource-table.ts";
import type { ResourceName } from "./resource-table.ts";
import { randomUid } from "./seeded-text.ts";

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: ResourceName;
  readonly resourceVersion: number;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

export interface UpdateOptions {
  /** A binding changes the spec and, as in Kubernetes, leaves the generation alone. */
  readonly generation?: "kept";
}

export class ObjectStore {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #shelves = new Map<ResourceName, Shelf>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #undelivered: Change[] = [];
  #isDelivering = false;
  #resourceVersion = RESOURCE_VERSION_FIRST;

  constructor({ clock, random = Math.random }: { clock: Clock; random?: (() => number) | undefined }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The version of the latest committed change. */
  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  get(resource: ResourceName, key: ObjectKey): KubeObject | undefined {
    return this.#shelf(resource).objects.get(keyText(key));
  }

  /** Every object of a resource, sorted by namespace and name; the array is a snapshot and never changes. */
  list(resource: ResourceName): readonly KubeObject[] {
    const shelf = this.#shelf(resource);
    shelf.sorted ??= sortedObjects(shelf);
    return shelf.sorted;
  }

  /**
   * Stores a new object as it is given, status included; uid, creationTimestamp and generation are filled in.
   *
   * @throws ApiError AlreadyExists, or InternalError when the resource is full.
   */
  create(resource: ResourceName, object: JsonObject): KubeObject {
    const type = RESOURCE_TYPES[resource];
    const given = objectOf(object["metadata"]) as Partial<ObjectMeta>;
    const name = given.name ?? "";
    const shelf = this.#shelf(resource);
    const key = keyText({ name, namespace: given.namespace });
    if (shelf.objects.has(key)) throw alreadyExists(type, name);
    if (shelf.objects.size >= OBJECTS_MAX) throw internalError("database space exceeded");
    const metadata: ObjectMeta = {
      ...given,
      name,
      uid: given.uid ?? randomUid(this.#random),
      creationTimestamp: given.creationTimestamp ?? timestampText(this.#clock.nowMs()),
      ...(type.hasGeneration && { generation: given.generation ?? 1 }),
      resourceVersion: this.#nextVersion(),
    };
    const stored: KubeObject = { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
    shelf.objects.set(key, stored);
    shelf.keysSorted = undefined;
    this.#commit({ type: "ADDED", resource, object: stored, previous: undefined });
    if (resource === "events") this.#dropOldestEvent(shelf);
    return stored;
  }

  /**
   * Replaces an object whatever its resourceVersion; an object equal to the stored one changes nothing. The generation
   * moves if anything but metadata and status differs.
   *
   * @throws ApiError NotFound.
   */
  update(resource: ResourceName, object: KubeObject, options: UpdateOptions = {}): KubeObject {
    const key = keyText(keyOf(object));
    const shelf = this.#shelf(resource);
    const previous = shelf.objects.get(key);
    if (previous === undefined) throw notFound(RESOURCE_TYPES[resource], object.metadata.name);
    const isSameContent = options.generation === "kept" || equalContent(object, previous);
    const generation = (previous.metadata.generation ?? 0) + (isSameContent ? 0 : 1);
    const metadata: ObjectMeta = {
      ...object.metadata,
      ...(RESOURCE_TYPES[resource].hasGeneration && { generation }),
      resourceVersion: previous.metadata.resourceVersion,
    };
    const settled = { ...object, metadata };
    if (equalJson(settled, previous)) return previous;
    const stored = { ...object, metadata: { ...metadata, resourceVersion: this.#nextVersion() } };
    shelf.objects.set(key, stored);
    this.#commit({ type: "MODIFIED", resource, object: stored, previous });
    return stored;
  }

  /** Removes an object at once, without grace or finalizers; undefined if there was none. */
  delete(resource: ResourceName, key: ObjectKey): KubeObject | undefined {
    const shelf = this.#shelf(resource);
    const previous = shelf.objects.get(keyText(key));
    if (previous === undefined) return undefined;
    shelf.objects.delete(keyText(key));
    shelf.keysSorted = undefined;
    const metadata = { ...previous.metadata, resourceVersion: this.#nextVersion() };
    const removed = { ...previous, metadata };
    this.#commit({ type: "DELETED", resource, object: removed, previous });
    return removed;
  }

  /** Calls `listener` after every committed change, in order, also for changes that listeners make themselves. */
  subscribe(listener: (change: Change) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #shelf(resource: ResourceName): Shelf {
    let shelf = this.#shelves.get(resource);
    if (shelf === undefined) {
      shelf = { objects: new Map(), keysSorted: undefined, sorted: undefined };
      this.#shelves.set(resource, shelf);
    }
    return shelf;
  }

  #nextVersion(): string {
    this.#resourceVersion += 1;
    return String(this.#resourceVersion);
  }

  #commit(change: Omit<Change, "resourceVersion">): void {
    this.#shelf(change.resource).sorted = undefined;
    this.#undelivered.push({ ...change, resourceVersion: this.#resourceVersion });
    // A listener that writes is heard by the others only after they have heard what it reacted to.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  #dropOldestEvent(shelf: Shelf): void {
    if (shelf.objects.size <= EVENTS_MAX) return;
    for (const oldest of shelf.objects.values()) {
      this.delete("events", keyOf(oldest));
      return;
    }
  }
}

/**
 * Versions below this one belong to a history that the server does not have, as those before a real server's last
 * compaction: a watch from them is told that it is too old.
 */
export const RESOURCE_VERSION_FIRST = 100;

// Above the largest fleet the simulator runs; stops a client that creates in a loop before the memory does.
const OBJECTS_MAX = 200_000;
// Kubernetes forgets Events after an hour; a bound on their number serves here, in order of creation.
const EVENTS_MAX = 10_000;

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  keysSorted: readonly string[] | undefined;
  sorted: readonly KubeObject[] | undefined;
}

function sortedObjects(shelf: Shelf): readonly KubeObject[] {
  shelf.keysSorted ??= [...shelf.objects.keys()].sort();
  const objects: KubeObject[] = [];
  for (const key of shelf.keysSorted) {
    const object = shelf.objects.get(key);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

function equalContent(a: KubeObject, b: KubeObject): boolean {
  for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (field !== "metadata" && field !== "status" && !equalJson(a[field], b[field])) return false;
  }
  return true;
}
