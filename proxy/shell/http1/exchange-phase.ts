// How far an exchange is.

/**
 * `queued`: waits to be admitted. `routing`: its destination is looked for. `flushing`: answered, but the client has
 * yet to take it. `discarding`: answered before the whole request had come.
 */
export type ExchangePhase =
  | "none"
  | "queued"
  | "routing"
  | "forwarding"
  | "opening"
  | "tunnel"
  | "flushing"
  | "discarding";
