// The tab's one stream: overview and screen, kept whole here from what the server sends of them. A tab that is hidden
// gives its stream back, since browsers allow six to one server.

import { useEffect, useState } from "preact/hooks";
import { applyPatch } from "#web/policy/patch.ts";
import { BEAT_MS, type Frame, type ScreenAddress, type Trouble, type View } from "#web/policy/wire.ts";

export interface LiveView {
  /** Absent until the first one came. */
  readonly view?: View | undefined;
  /** Why there is none, or why it is old. */
  readonly trouble?: Trouble | undefined;
}

export type Connection = "connecting" | "live" | "lost" | "paused";

export interface Live {
  readonly connection: Connection;
  readonly overview: LiveView;
  readonly screen: LiveView;
}

/** Another way than the browser's own if it gave up, as after an answer that is no stream. */
const RECONNECT_MS = 5_000;

const NOTHING: Live = { connection: "connecting", overview: {}, screen: {} };

/** What the server says of the screen; starts anew when the address changes, and keeps the overview over it. */
export function useLive(address: ScreenAddress): Live {
  const url = streamUrl(address);
  const [heard, setHeard] = useState<Heard>({ url, live: NOTHING });
  useEffect(() => {
    setHeard((before) => ({ url, live: begun(before.live) }));
    return follow(url, (change) => setHeard(({ live }) => ({ url, live: change(live) })));
  }, [url]);
  // What was heard of the last screen is not this one's view, not even until the effect above has run.
  return heard.url === url ? heard.live : begun(heard.live);
}

interface Heard {
  readonly url: string;
  readonly live: Live;
}

function begun({ overview }: Live): Live {
  return { ...NOTHING, overview };
}

type Change = (live: Live) => Live;

function follow(url: string, change: (change: Change) => void): () => void {
  let source: EventSource | undefined;
  let heardAtMs = performance.now();
  let retry: ReturnType<typeof setTimeout> | undefined;
  const say = (connection: Connection): void =>
    change((live) => (live.connection === connection ? live : { ...live, connection }));
  const heard = (): void => {
    heardAtMs = performance.now();
    say("live");
  };

  const open = (): void => {
    clearTimeout(retry);
    source?.close();
    heardAtMs = performance.now();
    source = new EventSource(url);
    source.addEventListener("open", heard);
    source.addEventListener("beat", heard);
    for (const part of ["overview", "screen"] as const) {
      source.addEventListener(part, ({ data }: MessageEvent<string>) => {
        heard();
        const frame = JSON.parse(data) as Frame;
        change((live) => ({ ...live, [part]: framed(live[part], frame) }));
      });
    }
    source.addEventListener("error", () => {
      say("lost");
      // The browser tries again by itself unless the answer was none that it understands.
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(retry);
        retry = setTimeout(open, RECONNECT_MS);
        void explainRefusal(url, change);
      }
    });
  };
  const shown = (): void => {
    if (document.hidden) {
      clearTimeout(retry);
      source?.close();
      say("paused");
    } else if (source?.readyState === EventSource.CLOSED) open();
  };
  // A connection may die without a word.
  const watchdog = setInterval(() => {
    if (document.hidden || performance.now() - heardAtMs < 2.5 * BEAT_MS) return;
    say("lost");
    open();
  }, BEAT_MS);

  open();
  document.addEventListener("visibilitychange", shown);
  return () => {
    clearInterval(watchdog);
    clearTimeout(retry);
    document.removeEventListener("visibilitychange", shown);
    source?.close();
  };
}

function framed(before: LiveView, frame: Frame): LiveView {
  if (frame.kind === "full") return { view: frame.view };
  if (frame.kind === "trouble") return { ...before, trouble: frame.trouble };
  return { view: applyPatch(before.view ?? {}, frame.patch) };
}

// An EventSource does not say what the server answered; asked once more by fetch, it does.
async function explainRefusal(url: string, change: (change: Change) => void): Promise<void> {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (response.ok) return void response.body?.cancel();
    const { error } = (await response.json()) as { readonly error?: string };
    const trouble = {
      message: error ?? `The server answered ${response.status}.`,
      mend: "Check the address.",
    };
    change((live) => ({ ...live, screen: { ...live.screen, trouble } }));
  } catch {
    // Not reached at all: the state of the connection says so.
  }
}

function streamUrl({ screen, params }: ScreenAddress): string {
  const query = new URLSearchParams(params).toString();
  return `./api/stream/${encodeURIComponent(screen)}${query === "" ? "" : `?${query}`}`;
}
