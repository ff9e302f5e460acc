// Invariants: a failure is a programmer error, crashes the process, and is fixed by changing the code.

export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(invariant);
}

export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}

class AssertionError extends Error {
  override readonly name = "AssertionError";
}
