// Stops listening at a moment at which no connection waits to be accepted. What waits in a listener's queue is reset
// when the listener closes, also where another process listens on the same port (docs/decisions/0013-handover.md).

import { Server } from "node:net";

/** A turn of the event loop that is this short leaves next to no time for a connection to arrive unseen. */
const SHORT_TURN_MS = 0.05;
/** A thread that is that busy finds no quiet turn by itself; then the queue is kept short. */
const QUIET_WAIT_MS_MAX = 250;
/** And a queue of connections that came before is worked off, even on a node with too little CPU. */
const QUEUE_WAIT_MS_MAX = 5_000;

export interface Closing {
  /** Nobody listens any more. */
  readonly stopped?: () => void;
  /** The last connection has ended, too. */
  readonly closed?: () => void;
}

/** Open connections stay. */
export function closeQuietly(server: Server, { stopped, closed }: Closing): void {
  const startedMs = performance.now();
  let turnStartedMs = startedMs;
  let isQueueShort = false;
  // libuv accepts one connection per turn: a turn without any found the queue empty.
  let isQueueEmpty = false;
  const arrived = (): void => {
    isQueueEmpty = false;
  };
  server.on("connection", arrived);
  const turn = (): void => {
    const nowMs = performance.now();
    const isQuiet = isQueueEmpty && nowMs - turnStartedMs < SHORT_TURN_MS;
    const waitedMs = nowMs - startedMs;
    if ((isQueueShort && isQuiet) || waitedMs >= QUEUE_WAIT_MS_MAX) {
      server.off("connection", arrived);
      // http.Server's own close would cut idle connections at once, on which a request may be under way.
      Server.prototype.close.call(server, () => closed?.());
      stopped?.();
      return;
    }
    if (!isQueueShort && (isQuiet || waitedMs >= QUIET_WAIT_MS_MAX)) {
      shortenQueue(server);
      isQueueShort = true;
    }
    isQueueEmpty = true;
    turnStartedMs = nowMs;
    setImmediate(turn);
  };
  setImmediate(turn);
}

interface ListeningHandle {
  listen(backlog: number): number;
}

/**
 * From now on the queue takes one connection. The kernel drops what asks for more, and the client asks again a second
 * later, when another listens: late, but not reset. Only for the last turns, which usually take microseconds. node:net
 * has no word for it; without its handle the queue stays as long as it is.
 */
function shortenQueue(server: Server): void {
  const { _handle: handle } = server as unknown as { readonly _handle?: Partial<ListeningHandle> | null };
  handle?.listen?.(0);
}
