// Stops listening at a moment at which no connection waits to be accepted. What waits in a listener's queue is reset
// when the listener closes, also where another process listens on the same port (docs/decisions/0013-handover.md).

import type { Server as HttpServer } from "node:http";
import { Server as NetServer } from "node:net";

/** A turn of the event loop that is this short leaves next to no time for a connection to arrive unseen. */
const SHORT_TURN_MS = 0.25;
/** A thread that is never idle has to close at some time; measured turns under full load are below ten milliseconds. */
const QUIET_WAIT_MS_MAX = 250;

export interface Closing {
  /** Nobody listens any more. */
  readonly stopped?: () => void;
  /** The last connection has ended, too. */
  readonly closed?: () => void;
}

/** Open connections stay. */
export function closeQuietly(server: HttpServer, { stopped, closed }: Closing): void {
  const startedMs = performance.now();
  let turnStartedMs = startedMs;
  let isQuiet = false;
  const arrived = (): void => {
    isQuiet = false;
  };
  server.on("connection", arrived);
  // libuv accepts one connection per turn: a turn without any found the queue empty.
  const turn = (): void => {
    const nowMs = performance.now();
    const isShort = nowMs - turnStartedMs < SHORT_TURN_MS;
    if ((isQuiet && isShort) || nowMs - startedMs >= QUIET_WAIT_MS_MAX) {
      server.off("connection", arrived);
      // http.Server's own close would cut idle connections at once, on which a request may be under way.
      NetServer.prototype.close.call(server, () => closed?.());
      stopped?.();
      return;
    }
    isQuiet = true;
    turnStartedMs = nowMs;
    setImmediate(turn);
  };
  setImmediate(turn);
}
