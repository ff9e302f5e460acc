// A dashboard as we think of it: questions, and the queries that answer them.

/** Units as Grafana names them. */
export type Unit = "short" | "bytes" | "s" | "percentunit" | "reqps" | "cps" | "cores" | "ops";

export interface Query {
  readonly expr: string;
  /** Name of each series, in Grafana's own template: `{{app}}`. */
  readonly legend: string;
}

export interface Panel {
  /** The question that it answers. */
  readonly title: string;
  readonly unit: Unit;
  /** A course over time, or only how it stands now. */
  readonly shows?: "course" | "now";
  readonly queries: readonly Query[];
  /** What to know to read it, and what to do about it. */
  readonly description?: string;
  /** Heading of the guide that says what to do where the answer is not as it should be (runbooks.ts). */
  readonly runbook?: string;
  /** Why it shows nothing without something that has to be switched on. */
  readonly onlyWith?: string;
}

export interface Dashboard {
  /** File name and, with `berth-` before it, Grafana's uid. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Over how long rates are taken: Grafana's own choice, four scrapes at least. */
export const RATE = "$__rate_interval";
