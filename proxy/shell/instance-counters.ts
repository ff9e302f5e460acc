// What an instance counts, in memory that its worker shares with the host, so that the counts outlive the worker. One
// writer at a time: the worker while it lives, the host between two workers. Doubles count exactly up to 2^53.

import { REASON_NAMES } from "../policy/reasons.ts";
import type { ReasonName } from "../policy/reasons.ts";

export const DIRECTIONS = ["inbound", "outbound"] as const;
export type Direction = (typeof DIRECTIONS)[number];

const RESPONSE_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
export type ResponseClass = (typeof RESPONSE_CLASSES)[number];

const DIRECTION_SLOTS = [
  /** Requests whose head arrived, well-formed or not. */
  "requests",
  "inFlight",
  /** Sent a second time to a destination, after a connection that turned out dead. */
  "retries",
  /** On the side of the client: headers and framing included. */
  "bytesReceived",
  "bytesSent",
  "connections",
  "connectionsOpened",
  /** Requests that waited for the concurrency, and for how long in all. */
  "queued",
  "queuedSeconds",
] as const;
export type DirectionSlot = (typeof DIRECTION_SLOTS)[number];

/** Of the instance as a whole, ever growing. */
const TOTAL_SLOTS = [
  /** Time in which nothing was read because the CPU was used up, or the bandwidth. */
  "cpuHeldSeconds",
  "bandwidthHeldSeconds",
  /** Lines that the access log should have had, and were too many. */
  "accessLinesLeftOut",
] as const;
export type TotalSlot = (typeof TOTAL_SLOTS)[number];

const INSTANCE_SLOTS = [
  /** Turns of the worker's heartbeat; starts again with each worker. */
  "beats",
  /** CPU time of the present worker's thread or process; starts again with each worker. */
  "cpuMicros",
  "heapUsedBytes",
  /** What the heap holds of the system's memory, garbage and room to grow included. */
  "heapTotalBytes",
  /** Outside the heap and owned by it: buffers above all. */
  "externalBytes",
] as const;
export type InstanceSlot = (typeof INSTANCE_SLOTS)[number];

const SLOT_AT = Object.fromEntries(DIRECTION_SLOTS.map((slot, index) => [slot, index])) as Readonly<
  Record<DirectionSlot, number>
>;
const CLASSES_AT = DIRECTION_SLOTS.length;
const REASONS_AT = CLASSES_AT + RESPONSE_CLASSES.length;
const DIRECTION_STRIDE = REASONS_AT + REASON_NAMES.length;
const INSTANCE_AT = DIRECTION_STRIDE * DIRECTIONS.length;
const TOTALS_AT = INSTANCE_AT + INSTANCE_SLOTS.length;
const SLOT_COUNT = TOTALS_AT + TOTAL_SLOTS.length;

export interface DirectionCounts extends Readonly<Record<DirectionSlot, number>> {
  /** Answers that were sent to their end, by the first digit of their status. */
  readonly responses: Readonly<Record<ResponseClass, number>>;
  /** By reason, those that occurred. */
  readonly reasons: Readonly<Partial<Record<ReasonName, number>>>;
}

export type InstanceCounts = Readonly<Record<Direction, DirectionCounts>>;

export class InstanceCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #slots: Float64Array;

  constructor(buffer = new SharedArrayBuffer(SLOT_COUNT * Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#slots = new Float64Array(buffer);
  }

  /** For another process, to `addAll` there. */
  values(): readonly number[] {
    return [...this.#slots];
  }

  /** @returns false for the counters of a release that counts something else; nothing is added then. */
  addAll(values: readonly number[]): boolean {
    if (values.length !== SLOT_COUNT) return false;
    for (const [index, value] of values.entries()) this.#addAt(index, value);
    return true;
  }

  /** Makes them a copy of another's. @returns false, and changes nothing, if that counts something else. */
  replaceAll(values: readonly number[]): boolean {
    if (values.length !== SLOT_COUNT) return false;
    this.#slots.set(values);
    return true;
  }

  add(direction: Direction, slot: DirectionSlot, amount: number): void {
    this.#addAt(directionAt(direction) + SLOT_AT[slot], amount);
  }

  addResponse(direction: Direction, statusCode: number): void {
    const digit = Math.min(RESPONSE_CLASSES.length, Math.max(1, Math.floor(statusCode / 100)));
    this.#addAt(directionAt(direction) + CLASSES_AT + digit - 1, 1);
  }

  addReason(direction: Direction, reason: ReasonName, amount = 1): void {
    this.#addAt(directionAt(direction) + REASONS_AT + REASON_NAMES.indexOf(reason), amount);
  }

  /** A request that has waited in the queue, if it had to. */
  addQueued(direction: Direction, queuedMs: number): void {
    if (queuedMs <= 0) return;
    this.add(direction, "queued", 1);
    this.add(direction, "queuedSeconds", queuedMs);
  }

  addTotal(slot: TotalSlot, amount: number): void {
    this.#addAt(TOTALS_AT + TOTAL_SLOTS.indexOf(slot), amount);
  }

  total(slot: TotalSlot): number {
    return this.#slots[TOTALS_AT + TOTAL_SLOTS.indexOf(slot)] ?? 0;
  }

  /** Changes with every turn of the worker's heartbeat and every request. */
  progress(): number {
    let sum = this.get("beats");
    for (const direction of DIRECTIONS) {
      sum += this.#at(direction, "requests") + this.#at(direction, "connectionsOpened");
      sum += this.#at(direction, "bytesReceived") + this.#at(direction, "bytesSent");
    }
    return sum;
  }

  get(slot: InstanceSlot): number {
    return this.#slots[INSTANCE_AT + INSTANCE_SLOTS.indexOf(slot)] ?? 0;
  }

  set(slot: InstanceSlot, value: number): void {
    this.#slots[INSTANCE_AT + INSTANCE_SLOTS.indexOf(slot)] = value;
  }

  inFlight(): number {
    let sum = 0;
    for (const direction of DIRECTIONS) sum += this.#at(direction, "inFlight");
    return sum;
  }

  connections(): number {
    let sum = 0;
    for (const direction of DIRECTIONS) sum += this.#at(direction, "connections");
    return sum;
  }

  /** After a worker's end: what it had in progress is lost, and counted as that. */
  closeBooks(): void {
    for (const direction of DIRECTIONS) {
      const lost = this.#at(direction, "inFlight");
      if (lost > 0) this.addReason(direction, "instanceDied", lost);
      this.add(direction, "inFlight", -lost);
      this.add(direction, "connections", -this.#at(direction, "connections"));
    }
    for (const slot of INSTANCE_SLOTS) this.set(slot, 0);
  }

  read(): InstanceCounts {
    return { inbound: this.#readDirection("inbound"), outbound: this.#readDirection("outbound") };
  }

  #readDirection(direction: Direction): DirectionCounts {
    const at = directionAt(direction);
    const slots = DIRECTION_SLOTS.map((slot) => [slot, this.#at(direction, slot)] as const);
    const classes = RESPONSE_CLASSES.map(
      (name, index) => [name, this.#slots[at + CLASSES_AT + index] ?? 0] as const,
    );
    const reasons = REASON_NAMES.map(
      (name, index) => [name, this.#slots[at + REASONS_AT + index] ?? 0] as const,
    );
    return {
      ...(Object.fromEntries(slots) as Record<DirectionSlot, number>),
      responses: Object.fromEntries(classes) as Record<ResponseClass, number>,
      reasons: Object.fromEntries(reasons.filter(([, count]) => count > 0)),
    };
  }

  #at(direction: Direction, slot: DirectionSlot): number {
    return this.#slots[directionAt(direction) + SLOT_AT[slot]] ?? 0;
  }

  #addAt(index: number, amount: number): void {
    this.#slots[index] = (this.#slots[index] ?? 0) + amount;
  }
}

function directionAt(direction: Direction): number {
  return direction === "inbound" ? 0 : DIRECTION_STRIDE;
}
