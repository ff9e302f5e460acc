// Callers keep connections: kube-scheduler's and the API server's Go clients for 90 s. A replica that has ceased to lead
// therefore closes them, so that their next request finds the leader behind the Service's address.

import type { FastifyInstance } from "fastify";

/**
 * Has every answer end its connection while this replica does not lead. Call before routes are registered.
 *
 * @returns closes the connections on which nothing is asked at the moment; for the moment when leadership ends.
 */
export function connectionsOfLeader(server: FastifyInstance, isLeading: () => boolean): () => void {
  server.addHook("onSend", async (_, reply) => {
    if (!isLeading()) reply.header("connection", "close");
  });
  return () => server.server.closeIdleConnections();
}
