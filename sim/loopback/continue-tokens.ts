// Paging: the pages of one list are cut from one snapshot, however much is written between them. As with etcd, the
// snapshot is kept for a while only, and a token that outlives it is answered with 410.

import type { Clock } from "#runtime/clock.ts";
import { badRequest, expired } from "./api-error.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ResourceName } from "./resource-table.ts";

export interface ListPosition {
  readonly resource: ResourceName;
  readonly resourceVersion: number;
  readonly objects: readonly KubeObject[];
  /** Index of the next object to look at. */
  readonly index: number;
}

export class ContinueTokens {
  readonly #clock: Clock;
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token for the rest of a list. */
  issue({ resource, resourceVersion, objects, index }: ListPosition): string {
    this.#forgetOld();
    const key = `${resource}@${resourceVersion}`;
    const expiresMs = this.#snapshots.get(key)?.expiresMs ?? this.#clock.nowMs() + SNAPSHOT_MS_MAX;
    this.#snapshots.set(key, { objects, expiresMs });
    const token = { v: "meta.k8s.io/v1", rv: resourceVersion, start: index };
    return Buffer.from(JSON.stringify(token)).toString("base64url");
  }

  /**
   * @throws ApiError BadRequest for what is no token, Expired for one whose snapshot is gone.
   */
  resume(resource: ResourceName, token: string): ListPosition {
    const { rv, start } = decoded(token);
    this.#forgetOld();
    const snapshot = this.#snapshots.get(`${resource}@${rv}`);
    if (snapshot === undefined) throw expired(TOO_OLD);
    return { resource, resourceVersion: rv, objects: snapshot.objects, index: start };
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, { expiresMs }] of this.#snapshots) {
      if (expiresMs > nowMs && this.#snapshots.size <= SNAPSHOTS_MAX) return;
      this.#snapshots.delete(key);
    }
  }
}

interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly expiresMs: number;
}

// kube-apiserver compacts etcd every five minutes.
const SNAPSHOT_MS_MAX = 5 * 60_000;
// A snapshot is one pointer per object: at 5,000 objects 256 of them hold 10 MB.
const SNAPSHOTS_MAX = 256;

const TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";

function decoded(token: string): { readonly rv: number; readonly start: number } {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Record<
      string,
      unknown
    >;
    if (typeof rv === "number" && typeof start === "number" && start >= 0) return { rv, start };
  } catch {
    // The refusal below tells the client; there is nobody else to tell.
  }
  throw badRequest("continue key is not valid");
}
