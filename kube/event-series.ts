// What there is to tell about one subject and reason: counted here, so that a repetition costs an update, not an object.

export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped subjects; their Events stand in namespace "default". */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
}

export interface RecordedEvent {
  readonly subject: EventSubject;
  readonly type: "Normal" | "Warning";
  /** CamelCase and from a closed set, for example "NodeProxyResized". */
  readonly reason: string;
  /** May carry numbers: it is not part of what makes two events the same, and the newest is shown. */
  readonly message: string;
}

/** One kind of Event that a component records: what its reference says of it. */
export interface EventKind {
  readonly type: RecordedEvent["type"];
  /** The kind of object that it is about, as `kubectl describe` shows it. */
  readonly on: "Pod" | "DaemonSet";
  readonly meaning: string;
  readonly help: string;
}

export interface EventSeries {
  event: RecordedEvent;
  count: number;
  readonly firstMs: number;
  lastMs: number;
  /** Name of the Event object, once the API server has it. */
  objectName: string | undefined;
  isQueued: boolean;
}

/** The series of recent events, by subject, type and reason; the least recently used are forgotten. */
export class EventSeriesMemory {
  readonly #series = new Map<string, EventSeries>();

  /** Counts the event into its series, or begins one. */
  count(event: RecordedEvent, nowMs: number): EventSeries {
    const key = seriesKey(event);
    const known = this.#series.get(key);
    // Deleted and set again: a Map's order is then the order of use.
    this.#series.delete(key);
    const isRecent = known !== undefined && nowMs - known.lastMs < SERIES_QUIET_MS;
    const series: EventSeries = isRecent
      ? known
      : { event, count: 0, firstMs: nowMs, lastMs: nowMs, objectName: undefined, isQueued: false };
    series.event = event;
    series.count += 1;
    series.lastMs = nowMs;
    this.#series.set(key, series);
    if (this.#series.size > SERIES_MAX) this.#forgetOldest();
    return series;
  }

  #forgetOldest(): void {
    for (const key of this.#series.keys()) {
      this.#series.delete(key);
      return;
    }
  }
}

function seriesKey({ subject, type, reason }: RecordedEvent): string {
  const { kind, namespace, name, uid } = subject;
  return JSON.stringify([kind, namespace, name, uid, type, reason]);
}

// As client-go: after ten quiet minutes a repetition is news, and gets an Event of its own.
const SERIES_QUIET_MS = 600_000;
// As client-go's cache; about 1 MB.
const SERIES_MAX = 4_096;
