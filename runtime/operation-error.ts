// An operating error: the world did not do what was asked (API server away, port in use). The shell retries or reports it.

export class OperationError extends Error {
  override readonly name = "OperationError";
  /** Stable, machine-readable: what metrics and tests match on. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
