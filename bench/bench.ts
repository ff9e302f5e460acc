// What a bench is to the dispatcher.

export interface Bench {
  readonly summary: string;
  /**
   * Measures now. `argv` holds what the bench itself understands; without --json and --quick.
   *
   * @throws UsageError for arguments that the bench does not know.
   */
  readonly run: (options: BenchOptions) => Promise<BenchReport>;
}

export interface BenchOptions {
  readonly argv: readonly string[];
  /** A rough answer in at most half a minute. */
  readonly isQuick: boolean;
  /** Says on the way what is being measured. */
  readonly progress: (text: string) => void;
}

export interface BenchReport {
  /** Printed as one line of JSON; figures that do not exist are null. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly table: string;
}
