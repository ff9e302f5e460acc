// What sends one request at a time.

export interface LoadClient {
  /** @param dueMs when it should have been sent. */
  send(dueMs: number): void;
  destroy(): void;
}
