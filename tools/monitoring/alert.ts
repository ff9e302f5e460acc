// An alert: when it fires, what it tells, where its runbook is, and series that prove it.

export type Severity = "critical" | "warning" | "info";

/** `name{label="value"}` → its samples a minute apart, in promtool's notation (`0+1x10`). */
export type Series = Readonly<Record<string, string>>;

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long it must hold, as Prometheus writes it. */
  readonly lasting: string;
  readonly summary: string;
  readonly description: string;
  /** Heading of docs/guides/troubleshoot.md. */
  readonly runbook: string;
  /** With these it fires after half an hour. */
  readonly fires: Series;
  /** With these it never does. */
  readonly staysQuiet: Series;
}
