// One open watch: which changes it shows and how, and the lines that wait for its connection.

import type { ServerResponse } from "node:http";
import type { Cancel } from "#runtime/clock.ts";
import { statusBody } from "./api-error.ts";
import type { ApiError } from "./api-error.ts";
import type { JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import type { Change } from "./object-store.ts";
import { eventLine } from "./object-text.ts";
import { apiVersionOf } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";
import type { Predicate } from "./selector.ts";

export interface WatchScope {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly selects: Predicate | undefined;
  readonly allowsBookmarks: boolean;
}

export class Watch {
  readonly scope: WatchScope;
  /** Changes up to this version were shown or are older than what was asked for. */
  shownVersion: number;
  cancelTimeout: Cancel = () => {};
  readonly #response: ServerResponse;
  #pending: string[] = [];

  constructor(scope: WatchScope, response: ServerResponse, shownVersion: number) {
    this.scope = scope;
    this.#response = response;
    this.shownVersion = shownVersion;
  }

  /** Queues the change if it concerns this watch; true if something now waits to be sent. */
  show(change: Change): boolean {
    if (change.resourceVersion <= this.shownVersion) return false;
    this.shownVersion = change.resourceVersion;
    const type = this.#typeShown(change);
    if (type === undefined) return false;
    // An object that leaves the selection is shown as it last was in it.
    const isLeaving = type === "DELETED" && change.type === "MODIFIED" && change.previous !== undefined;
    this.#pending.push(eventLine(type, isLeaving ? departed(change) : change.object));
    return true;
  }

  showInitial(objects: readonly KubeObject[]): void {
    for (const object of objects) if (this.#concerns(object)) this.#pending.push(eventLine("ADDED", object));
  }

  bookmark(resourceVersion: number, annotations?: JsonObject): void {
    const { type } = this.scope;
    const metadata = {
      resourceVersion: String(resourceVersion),
      creationTimestamp: null,
      ...(annotations && { annotations }),
    };
    const object = { kind: type.kind, apiVersion: apiVersionOf(type), metadata };
    this.#pending.push(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  /** Ends the watch with an error that its client understands as such. */
  fail(error: ApiError): void {
    this.#pending.push(`${JSON.stringify({ type: "ERROR", object: statusBody(error.body) })}\n`);
    this.end();
  }

  /** Hands everything queued to the connection; false if its client reads too slowly to go on. */
  flush(): boolean {
    if (this.#pending.length === 0) return true;
    const text = this.#pending.join("");
    this.#pending = [];
    const isSlow = this.#response.writableLength > BUFFERED_BYTES_MAX;
    if (!isSlow) this.#response.write(text);
    return !isSlow;
  }

  end(): void {
    this.flush();
    this.cancelTimeout();
    this.#response.end();
  }

  /** Cuts the connection in the middle, as a server does to a client that does not keep up. */
  cut(): void {
    this.cancelTimeout();
    this.#response.destroy();
  }

  #typeShown({ type, object, previous }: Change): Change["type"] | undefined {
    if (this.scope.namespace !== undefined && object.metadata.namespace !== this.scope.namespace)
      return undefined;
    const { selects } = this.scope;
    if (selects === undefined) return type;
    const is = type !== "DELETED" && selects(object);
    const was = previous !== undefined && selects(previous);
    if (is) return was ? "MODIFIED" : "ADDED";
    return was ? "DELETED" : undefined;
  }

  #concerns(object: KubeObject): boolean {
    const { namespace, selects } = this.scope;
    return (
      (namespace === undefined || object.metadata.namespace === namespace) && (selects?.(object) ?? true)
    );
  }
}

// A snapshot of 5,000 pods with room for the changes meanwhile; a client behind by more is better off listing anew.
const BUFFERED_BYTES_MAX = 64 * 1024 * 1024;

function departed({ object, previous = object, resourceVersion }: Change): KubeObject {
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: String(resourceVersion) } };
}
