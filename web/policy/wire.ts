// What server and browser say to each other. One stream per tab: the head's overview and the screen that is looked at, each
// whole at first and then as changes (patch.ts), and a beat by which the browser knows that it still hears the server.

import type { Json, Patch } from "./patch.ts";

/** A view as it travels: an object of plain JSON. */
export type View = { readonly [key: string]: Json };

/** Names of server-sent events. */
export const STREAM_EVENTS = ["overview", "screen", "beat"] as const;
export type StreamEvent = (typeof STREAM_EVENTS)[number];

export type Frame =
  | { readonly kind: "full"; readonly view: View }
  | { readonly kind: "patch"; readonly patch: Patch }
  /** The view cannot be made at present; one that was sent before is the last that is known. */
  | { readonly kind: "trouble"; readonly trouble: Trouble };

/** What is wrong, and what whoever reads it can do. */
export interface Trouble {
  readonly message: string;
  readonly mend: string;
}

/** Silence for twice as long means that the server is not heard any more. */
export const BEAT_MS = 10_000;

/** What a screen shows, and what its address says beside its name: `#/app/shop%2Fcart` is { screen: "app", params: {…} }. */
export interface ScreenAddress {
  readonly screen: string;
  readonly params: Readonly<Record<string, string>>;
}

export const OVERVIEW = "overview";
