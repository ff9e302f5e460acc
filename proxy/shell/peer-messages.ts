// What two proxies of one node say to each other while one takes over from the other: lines of JSON. They are of
// different releases by nature, so what one does not know it leaves alone.

import { z } from "zod";

import type { AppName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

import type { PodEvent } from "../policy/pod-registry.ts";
import type { HostMemory } from "./host-memory.ts";

/** Its number changes when a release could no longer understand the memory or the status of the one before. */
export const HANDOVER_PROTOCOL = "berth-handover/1";
export const HANDOVER_PATH = "/v1/handover";
/** A proxy takes over only from one of its own node and address. */
export const NODE_HEADER = "x-berth-node";
export const ADDRESS_HEADER = "x-berth-node-address";

export interface PeerStatus {
  readonly isReady: boolean;
  readonly isEnding: boolean;
  /** It listens on the control port. */
  readonly holdsControl: boolean;
  readonly serving: readonly { readonly app: AppName; readonly ports: AppPorts }[];
}

export type HookEvent = PodEvent & { readonly kind: "registered" | "unregistered" };

export type PeerMessage =
  /** From the old proxy, first of all: what the new one starts with. */
  | { readonly kind: "memory"; readonly memory: HostMemory }
  | { readonly kind: "status"; readonly status: PeerStatus }
  /** A pod's hook that reached only the sender. */
  | { readonly kind: "hook"; readonly event: HookEvent }
  /** What the sender's instances have counted so far, as their counters keep it. */
  | { readonly kind: "counts"; readonly counts: readonly (readonly [AppName, readonly number[]])[] };

const portSchema = z.int().min(0).max(65_535);
const messageSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("memory"),
    memory: z.object({
      pods: z.array(z.looseObject({ kind: z.string() })),
      settings: z.array(z.looseObject({ app: z.string() })),
      boundPorts: z.array(z.tuple([z.string(), z.object({ inbound: portSchema, outbound: portSchema })])),
    }),
  }),
  z.object({
    kind: z.literal("status"),
    status: z.object({
      isReady: z.boolean(),
      isEnding: z.boolean(),
      holdsControl: z.boolean(),
      serving: z.array(
        z.object({ app: z.string(), ports: z.object({ inbound: portSchema, outbound: portSchema }) }),
      ),
    }),
  }),
  z.object({
    kind: z.literal("hook"),
    event: z.looseObject({ kind: z.enum(["registered", "unregistered"]), nowMs: z.number() }),
  }),
  z.object({ kind: z.literal("counts"), counts: z.array(z.tuple([z.string(), z.array(z.number())])) }),
]);

/** @returns undefined for a message of another release that this one does not know. */
export function parsePeerMessage(line: string): PeerMessage | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = messageSchema.safeParse(raw);
  // The shapes inside are this protocol's number to vouch for; names are branded, which zod does not know.
  return parsed.success ? (parsed.data as unknown as PeerMessage) : undefined;
}
