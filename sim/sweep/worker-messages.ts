// What a sweep and its workers say to each other.

export interface ToWorker {
  /** The task to run. */
  readonly index: number;
}

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly index: number }
  /** The same would happen again: the task is not repeated. */
  | { readonly kind: "failed"; readonly index: number; readonly message: string };
