// Who looks at what: feeds by screen and parameters, shared by all who look at the same, made when the first one comes and
// closed a while after the last one went. One timer drives them all.

import type { ServerResponse } from "node:http";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { BEAT_MS, type StreamEvent } from "../policy/wire.ts";
import { Feed, type FeedClient } from "./feed.ts";
import type { OpenScreen } from "./screen-source.ts";
import { StreamClient } from "./stream-client.ts";

export interface Subject {
  readonly event: StreamEvent;
  /** Equal for those who are shown the same. */
  readonly key: string;
  readonly open: () => OpenScreen;
  readonly everyMs?: number | undefined;
}

export interface StreamHubOptions {
  /** The machine's. */
  readonly clock: Clock;
  readonly changes: () => number;
  readonly logger: Logger;
}

/** Tabs that look at once; each takes a socket, a compressor (256 KiB) and a place in each tick. */
const CLIENTS_MAX = 64;
/** Views are made anew this often at most: what people can follow, and what 5,000 nodes' figures cost little at. */
const TICK_MS = 1_000;
const RETRY_MS = 2_000;
/** Feeds that nobody looks at are kept for a reload. */
const IDLE_MS_MAX = 15_000;

export class StreamHub {
  readonly #options: StreamHubOptions;
  readonly #feeds = new Map<string, { readonly feed: Feed; idleSinceMs: number }>();
  readonly #clients = new Map<StreamClient, () => void>();
  #cancel: Cancel = () => undefined;
  #beatAtMs = 0;
  #isStopped = false;

  constructor(options: StreamHubOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.clock.after(TICK_MS, () => void this.#tick());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    for (const client of this.#clients.keys()) client.end();
    for (const { feed } of this.#feeds.values()) feed.close();
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= CLIENTS_MAX;
  }

  /** Streams the subjects to a browser until it goes. */
  add(response: ServerResponse, subjects: readonly Subject[]): void {
    const { clock } = this.#options;
    const client = new StreamClient(response, { nowMs: () => clock.nowMs(), retryMs: RETRY_MS });
    const leave = subjects.map((subject) => this.#subscribe(client, subject));
    const gone = (): void => {
      if (!this.#clients.delete(client)) return;
      for (const leaveOne of leave) leaveOne();
    };
    this.#clients.set(client, gone);
    response.once("close", gone);
    // Nobody waits for the next tick to see something.
    for (const { key } of subjects) void this.#tickFeed(key);
  }

  #subscribe(client: StreamClient, { event, key, open, everyMs }: Subject): () => void {
    const { changes, clock } = this.#options;
    const entry = this.#feeds.get(key) ?? {
      feed: new Feed({ open, changes, everyMs }),
      idleSinceMs: clock.nowMs(),
    };
    this.#feeds.set(key, entry);
    const feedClient: FeedClient = {
      get isDrained() {
        return client.isDrained;
      },
      send: (frame) => client.send(event, frame),
    };
    entry.feed.add(feedClient);
    return () => {
      entry.feed.remove(feedClient);
      entry.idleSinceMs = clock.nowMs();
    };
  }

  async #tick(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    for (const client of this.#clients.keys()) if (client.isStuck()) client.end();
    if (nowMs - this.#beatAtMs >= BEAT_MS) {
      this.#beatAtMs = nowMs;
      for (const client of this.#clients.keys()) client.beat();
    }
    for (const [key, { feed, idleSinceMs }] of this.#feeds) {
      if (feed.clientCount > 0 || nowMs - idleSinceMs < IDLE_MS_MAX) continue;
      feed.close();
      this.#feeds.delete(key);
    }
    // One that waits for a component holds up nobody else.
    for (const key of this.#feeds.keys()) void this.#tickFeed(key);
    if (!this.#isStopped) this.start();
  }

  async #tickFeed(key: string): Promise<void> {
    const feed = this.#feeds.get(key)?.feed;
    if (feed === undefined || feed.clientCount === 0) return;
    try {
      await feed.tick(this.#options.clock.nowMs());
    } catch (error) {
      this.#options.logger.error({ err: error, feed: key }, "a view could not be made");
    }
  }
}
