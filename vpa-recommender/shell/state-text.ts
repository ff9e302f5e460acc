// Entries as the compressed text that a shard of the state is, and back.

import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { STATE_VERSION, type StateEntries, type StateEntry } from "./learned-state.ts";

/** Why a shard was not taken. */
export type StateRefusal = "corrupt" | "foreign" | "newer";

/** Twenty times what a shard holds compressed is no state of ours. */
const TEXT_BYTES_MAX = 16 * 1024 ** 2;
const FORMAT = "berth-recommender-state";

const entry = z.strictObject({ lastMs: z.number().nonnegative(), state: z.unknown() });
const header = z.looseObject({ format: z.literal(FORMAT), version: z.int().positive() });
const shard = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(STATE_VERSION),
  entries: z.record(z.string(), entry),
});

/**
 * As many entries as fit, the newest first.
 *
 * @returns how many were left out for want of room.
 */
export function stateText(
  entries: StateEntries,
  bytesMax: number,
): { readonly text: Buffer; readonly leftOut: number } {
  const newest = [...entries].sort(([, a], [, b]) => b.lastMs - a.lastMs);
  let count = newest.length;
  for (;;) {
    const text = compressed(newest.slice(0, count));
    if (text.length <= bytesMax || count === 0) return { text, leftOut: newest.length - count };
    // By the bytes that an entry takes on average, and a little fewer: most often the next text fits.
    count = Math.floor((count * bytesMax * FITTING_SHARE) / text.length);
  }
}

const FITTING_SHARE = 0.95;

function compressed(entries: readonly (readonly [string, StateEntry])[]): Buffer {
  const text = JSON.stringify({
    format: FORMAT,
    version: STATE_VERSION,
    entries: Object.fromEntries(entries),
  });
  return gzipSync(text);
}

/** The entries of a shard, or why it is not taken. */
export function readStateText(bytes: Uint8Array): StateEntries | StateRefusal {
  let raw: unknown;
  try {
    raw = JSON.parse(gunzipSync(bytes, { maxOutputLength: TEXT_BYTES_MAX }).toString("utf8"));
  } catch {
    // Whoever asked reports it.
    return "corrupt";
  }
  const head = header.safeParse(raw);
  if (!head.success) return "foreign";
  if (head.data.version > STATE_VERSION) return "newer";
  const parsed = shard.safeParse(raw);
  if (!parsed.success) return "corrupt";
  return new Map(
    Object.entries(parsed.data.entries).map(([key, { lastMs, state }]) => [key, { lastMs, state }]),
  );
}
