// One view that somebody looks at: made anew when there is something new, and sent to each client as what changed since
// that client's last frame. A client that is slow gets fewer and larger steps, never a queue.

import { OperationError } from "#runtime/operation-error.ts";
import { type Patch, patchBetween } from "../policy/patch.ts";
import type { Frame, Trouble, View } from "../policy/wire.ts";
import { troubleOf } from "./components.ts";
import type { OpenScreen } from "./screen-source.ts";

export interface FeedOptions {
  readonly open: () => OpenScreen;
  /** Counts the cluster's changes. */
  readonly changes: () => number;
  readonly everyMs?: number | undefined;
}

/** What a client last got of a feed. */
interface Sent {
  readonly view: View | undefined;
  readonly trouble: Trouble | undefined;
}

/** As the stream's clients are told by; see stream.ts. */
export interface FeedClient {
  /** False while what was sent before is still on its way. */
  readonly isDrained: boolean;
  send(frame: Frame): void;
}

const NOTHING_SENT: Sent = { view: undefined, trouble: undefined };

export class Feed {
  readonly #options: FeedOptions;
  readonly #screen: OpenScreen;
  readonly #clients = new Map<FeedClient, Sent>();
  #view: View | undefined;
  #trouble: Trouble | undefined;
  #changesSeen = -1;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#screen = options.open();
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  add(client: FeedClient): void {
    this.#clients.set(client, NOTHING_SENT);
    this.#tell();
  }

  remove(client: FeedClient): void {
    this.#clients.delete(client);
  }

  close(): void {
    this.#screen.close?.();
  }

  /** Makes the view anew if there may be something new, and tells every client that can take it. */
  async tick(nowMs: number): Promise<void> {
    const { changes, everyMs = Number.POSITIVE_INFINITY } = this.#options;
    const isDue = changes() !== this.#changesSeen || nowMs - this.#lookedAtMs >= everyMs;
    if (isDue && this.#looking === undefined) {
      this.#changesSeen = changes();
      this.#lookedAtMs = nowMs;
      this.#looking = this.#look();
      await this.#looking;
      this.#looking = undefined;
    }
    this.#tell();
  }

  async #look(): Promise<void> {
    try {
      this.#view = (await this.#screen.view()) as View;
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#trouble = troubleOf(error);
      // Tried again at the next tick, even if nothing changes.
      this.#changesSeen = -1;
    }
  }

  #tell(): void {
    const patches = new Map<View, Patch | undefined>();
    for (const [client, sent] of this.#clients) {
      if (!client.isDrained) continue;
      const frame = this.#frameAfter(sent, patches);
      if (frame === undefined) continue;
      client.send(frame);
      const isTrouble = frame.kind === "trouble";
      this.#clients.set(client, {
        view: isTrouble ? sent.view : this.#view,
        trouble: isTrouble ? frame.trouble : undefined,
      });
    }
  }

  #frameAfter(sent: Sent, patches: Map<View, Patch | undefined>): Frame | undefined {
    const [view, trouble] = [this.#view, this.#trouble];
    if (trouble !== undefined) {
      const isSaid = sent.trouble?.message === trouble.message && sent.trouble.mend === trouble.mend;
      return isSaid ? undefined : { kind: "trouble", trouble };
    }
    if (view === undefined) return undefined;
    if (sent.view === undefined) return { kind: "full", view };
    // Most clients have the same view; what makes this one of it is found once.
    if (!patches.has(sent.view)) patches.set(sent.view, patchBetween(sent.view, view));
    const patch = patches.get(sent.view);
    if (patch !== undefined) return { kind: "patch", patch };
    return sent.trouble === undefined ? undefined : { kind: "patch", patch: {} };
  }
}
