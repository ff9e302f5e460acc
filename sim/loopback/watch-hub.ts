// All open watches: opens them from a snapshot or from the history, shows them every change, and keeps them alive with
// bookmarks. Lines are written once per turn of the event loop, not once per change.

import type { ServerResponse } from "node:http";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { expired, invalid, tooManyRequests } from "./api-error.ts";
import type { Change, ObjectStore } from "./object-store.ts";
import { parseResourceVersion } from "./read-verbs.ts";
import type { ListRequest } from "./read-verbs.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { ResourceName } from "./resource-table.ts";
import { parseSelectors } from "./selector.ts";
import { Watch } from "./watch.ts";
import { WatchHistory } from "./watch-history.ts";

export interface WatchHubOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly historyLength: number;
}

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #watches = new Map<ResourceName, Set<Watch>>();
  readonly #histories = new Map<ResourceName, WatchHistory>();
  readonly #unflushed = new Set<Watch>();
  readonly #unsubscribe: Cancel;
  #cancelBookmarks: Cancel | undefined;
  #version: number;
  #count = 0;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#version = options.store.resourceVersion;
    this.#unsubscribe = options.store.subscribe((change) => this.#show(change));
  }

  /**
   * Answers a watch and keeps its response open.
   *
   * @throws ApiError before anything was answered: bad parameters, or too many watches.
   */
  open({ route, query }: ListRequest, response: ServerResponse): void {
    const { type, namespace } = route;
    const from = parseResourceVersion(query.get("resourceVersion") ?? "") ?? 0;
    const allowsBookmarks = isTrue(query.get("allowWatchBookmarks"));
    const sendsInitial = parseSendInitialEvents(type.plural, query);
    const scope = { type, namespace, selects: parseSelectors(type, query), allowsBookmarks };
    if (this.#count >= WATCHES_MAX) throw tooManyRequests("too many watches, please try again later");

    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const isFromNow = sendsInitial || (from === 0 && query.get("sendInitialEvents") === null);
    const watch = new Watch(scope, response, isFromNow ? this.#version : from);
    if (isFromNow) {
      watch.showInitial(this.#options.store.list(type.plural));
      if (sendsInitial) watch.bookmark(this.#version, INITIAL_EVENTS_END);
    } else {
      const history = this.#history(type.plural);
      const start = from === 0 ? this.#version : from;
      watch.shownVersion = start;
      const missed = history.since(start);
      if (missed === undefined) {
        watch.fail(expired(`too old resource version: ${from} (${history.oldestVersion})`));
        return;
      }
      for (const change of missed) watch.show(change);
    }
    this.#add(watch, response);
    this.#limitTime(watch, query.get("timeoutSeconds"));
    watch.flush();
  }

  /** Sends every watch that allows bookmarks one with the latest version. */
  bookmarkWatchers(): void {
    for (const watches of this.#watches.values()) {
      for (const watch of watches) {
        if (!watch.scope.allowsBookmarks) continue;
        watch.bookmark(Math.max(this.#version, watch.shownVersion));
        this.#scheduleFlush(watch);
      }
    }
  }

  /** Ends every watch in the middle of nothing: clients see a clean end and come back. */
  endAll(): void {
    for (const watches of this.#watches.values()) for (const watch of watches) watch.end();
  }

  close(): void {
    this.#unsubscribe();
    this.#cancelBookmarks?.();
    this.endAll();
  }

  #show(change: Change): void {
    this.#version = change.resourceVersion;
    this.#history(change.resource).add(change);
    for (const watch of this.#watches.get(change.resource) ?? []) {
      if (watch.show(change)) this.#scheduleFlush(watch);
    }
  }

  #scheduleFlush(watch: Watch): void {
    if (this.#unflushed.size === 0) setImmediate(() => this.#flush());
    this.#unflushed.add(watch);
  }

  #flush(): void {
    for (const watch of this.#unflushed) {
      if (watch.flush()) continue;
      const { type } = watch.scope;
      this.#options.logger.warn(
        { resource: type.plural },
        "a watch was cut off: its client reads too slowly",
      );
      watch.cut();
    }
    this.#unflushed.clear();
  }

  #add(watch: Watch, response: ServerResponse): void {
    const { plural } = watch.scope.type;
    let watches = this.#watches.get(plural);
    if (watches === undefined) this.#watches.set(plural, (watches = new Set()));
    const open = watches;
    open.add(watch);
    this.#count += 1;
    response.once("close", () => {
      watch.cancelTimeout();
      if (!open.delete(watch)) return;
      this.#unflushed.delete(watch);
      this.#count -= 1;
      if (this.#count === 0) this.#stopBookmarks();
    });
    this.#startBookmarks();
  }

  #limitTime(watch: Watch, timeoutSeconds: string | null): void {
    const given = Number(timeoutSeconds ?? 0);
    // Spread over a half hour, so that the watches of a fleet do not all come back at once.
    const seconds = given > 0 ? given : WATCH_SECONDS_MIN * (1 + this.#options.random());
    watch.cancelTimeout = this.#options.clock.after(seconds * 1000, () => watch.end());
  }

  #startBookmarks(): void {
    this.#cancelBookmarks ??= this.#options.clock.after(BOOKMARK_INTERVAL_MS, () => {
      this.#cancelBookmarks = undefined;
      this.bookmarkWatchers();
      this.#startBookmarks();
    });
  }

  #stopBookmarks(): void {
    this.#cancelBookmarks?.();
    this.#cancelBookmarks = undefined;
  }

  #history(resource: ResourceName): WatchHistory {
    let history = this.#histories.get(resource);
    if (history === undefined) {
      history = new WatchHistory(this.#options.historyLength);
      this.#histories.set(resource, history);
    }
    return history;
  }
}

// One connection each; a fleet of 1,000 proxies with three watches fits.
const WATCHES_MAX = 5_000;
// kube-apiserver's --min-request-timeout.
const WATCH_SECONDS_MIN = 1_800;
// About as often as kube-apiserver sends them.
const BOOKMARK_INTERVAL_MS = 60_000;
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

function parseSendInitialEvents(resource: ResourceName, query: URLSearchParams): boolean {
  const text = query.get("sendInitialEvents");
  if (text === null) return false;
  if (query.get("resourceVersionMatch") !== "NotOlderThan") {
    const message = "Forbidden: resourceVersionMatch is required when sendInitialEvents is set";
    const cause = { reason: "FieldValueForbidden", message, field: "resourceVersionMatch" };
    const listOptions = { ...RESOURCE_TYPES[resource], kind: "ListOptions", group: "meta.k8s.io" };
    throw invalid(listOptions, "", [cause]);
  }
  return isTrue(text) && isTrue(query.get("allowWatchBookmarks"));
}
