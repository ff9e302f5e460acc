// A trace in columns: a million pods as objects are some two hundred megabytes that the collector walks again and again;
// so they are a quarter of it, most of it out of its sight.

import type { Resources } from "#model/resources.ts";
import type { TracePod, TracePods } from "./trace.ts";

const PODS_AT_FIRST = 1_024;
/** Of a name, in the mean; more is made room for when it is needed. */
const ID_BYTES = 16;
/** No name of a pod is longer in UTF-8 than three bytes per unit of its text. */
const UNIT_BYTES_MAX = 3;
/** A pod without a limit, a time of leaving or a node. */
const NONE = 0;

/** Pods in the order in which they were added. */
export class PackedTrace implements TracePods {
  #length = 0;
  #ids: Buffer = Buffer.allocUnsafe(PODS_AT_FIRST * ID_BYTES);
  #idEnds = new Float64Array(PODS_AT_FIRST);
  #apps = new Uint32Array(PODS_AT_FIRST);
  #requests = new Uint32Array(PODS_AT_FIRST);
  #creates = new Float64Array(PODS_AT_FIRST);
  #lives = new Float64Array(PODS_AT_FIRST);
  #limits = new Float64Array(PODS_AT_FIRST);
  #nodes = new Uint32Array(PODS_AT_FIRST);
  readonly #appTexts = new Texts();
  readonly #nodeTexts = new Texts();
  readonly #sizes = new Sizes();

  static of(pods: Iterable<TracePod>): PackedTrace {
    const packed = new PackedTrace();
    for (const pod of pods) packed.add(pod);
    packed.close();
    return packed;
  }

  get length(): number {
    return this.#length;
  }

  add({ id, app, request, createSeconds, deleteSeconds, maxPerNode, node }: TracePod): void {
    const index = this.#length;
    if (index === this.#apps.length) this.#grow();
    const from = this.#idFrom(index);
    this.#ids = roomFor(this.#ids, from + UNIT_BYTES_MAX * id.length);
    this.#idEnds[index] = from + this.#ids.write(id, from);
    this.#apps[index] = this.#appTexts.numberOf(app);
    this.#requests[index] = this.#sizes.numberOf(request);
    this.#creates[index] = createSeconds;
    this.#lives[index] = deleteSeconds ?? Infinity;
    this.#limits[index] = maxPerNode ?? NONE;
    this.#nodes[index] = node === undefined ? NONE : 1 + this.#nodeTexts.numberOf(node);
    this.#length++;
  }

  /** What is only needed to add more may go. */
  close(): void {
    this.#appTexts.close();
    this.#nodeTexts.close();
    this.#sizes.close();
  }

  /** A view of one pod; undefined beyond the last one. */
  at(index: number): TracePod | undefined {
    return index >= 0 && index < this.#length ? new PackedPod(this, index) : undefined;
  }

  *[Symbol.iterator](): Generator<TracePod, void, void> {
    for (let index = 0; index < this.#length; index++) yield new PackedPod(this, index);
  }

  idOf(index: number): string {
    return this.#ids.toString("utf8", this.#idFrom(index), this.#idEnds[index]);
  }

  appOf(index: number): string {
    return this.#appTexts.at(this.#apps[index] as number);
  }

  requestOf(index: number): Resources {
    return this.#sizes.at(this.#requests[index] as number);
  }

  createSecondsOf(index: number): number {
    return this.#creates[index] as number;
  }

  deleteSecondsOf(index: number): number | undefined {
    const seconds = this.#lives[index] as number;
    return seconds === Infinity ? undefined : seconds;
  }

  maxPerNodeOf(index: number): number | undefined {
    const limit = this.#limits[index] as number;
    return limit === NONE ? undefined : limit;
  }

  nodeOf(index: number): string | undefined {
    const number = this.#nodes[index] as number;
    return number === NONE ? undefined : this.#nodeTexts.at(number - 1);
  }

  #idFrom(index: number): number {
    return index === 0 ? 0 : (this.#idEnds[index - 1] as number);
  }

  #grow(): void {
    const length = 2 * this.#apps.length;
    this.#idEnds = doubled(this.#idEnds, new Float64Array(length));
    this.#apps = doubled(this.#apps, new Uint32Array(length));
    this.#requests = doubled(this.#requests, new Uint32Array(length));
    this.#creates = doubled(this.#creates, new Float64Array(length));
    this.#lives = doubled(this.#lives, new Float64Array(length));
    this.#limits = doubled(this.#limits, new Float64Array(length));
    this.#nodes = doubled(this.#nodes, new Uint32Array(length));
  }
}

class PackedPod implements TracePod {
  readonly #trace: PackedTrace;
  readonly #index: number;

  constructor(trace: PackedTrace, index: number) {
    this.#trace = trace;
    this.#index = index;
  }

  get id(): string {
    return this.#trace.idOf(this.#index);
  }

  get app(): string {
    return this.#trace.appOf(this.#index);
  }

  get request(): Resources {
    return this.#trace.requestOf(this.#index);
  }

  get createSeconds(): number {
    return this.#trace.createSecondsOf(this.#index);
  }

  get deleteSeconds(): number | undefined {
    return this.#trace.deleteSecondsOf(this.#index);
  }

  get maxPerNode(): number | undefined {
    return this.#trace.maxPerNodeOf(this.#index);
  }

  get node(): string | undefined {
    return this.#trace.nodeOf(this.#index);
  }
}

/** Each text once. */
class Texts {
  readonly #texts: string[] = [];
  #numbers: Map<string, number> | undefined = new Map();

  numberOf(text: string): number {
    this.#numbers ??= new Map(this.#texts.map((known, number) => [known, number]));
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  at(number: number): string {
    return this.#texts[number] as string;
  }

  close(): void {
    this.#numbers = undefined;
  }
}

/** Each size once. */
class Sizes {
  readonly #sizes: Resources[] = [];
  #numbers = new Map<number, Map<number, number>>();

  numberOf(size: Resources): number {
    const { cpuMilli, memoryBytes } = size;
    const ofCpu = this.#numbers.get(cpuMilli) ?? new Map<number, number>();
    let number = ofCpu.get(memoryBytes);
    if (number === undefined) {
      number = this.#sizes.push({ cpuMilli, memoryBytes }) - 1;
      this.#numbers.set(cpuMilli, ofCpu.set(memoryBytes, number));
    }
    return number;
  }

  at(number: number): Resources {
    return this.#sizes[number] as Resources;
  }

  close(): void {
    this.#numbers = new Map();
  }
}

function doubled<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function roomFor(bytes: Buffer, length: number): Buffer {
  if (length <= bytes.length) return bytes;
  const wider = Buffer.allocUnsafe(Math.max(length, 2 * bytes.length));
  bytes.copy(wider);
  return wider;
}
