// A client that verifies the extender's certificate as kube-scheduler and the API server do.

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

/** What a client that trusts `ca` sees of the server's certificate; rejects if it does not accept it. */
export async function handshake(port: number, ca: string, servername?: string): Promise<string> {
  const socket = await opened(port, ca, servername);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

export async function opened(port: number, ca: string, servername?: string): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca,
    ...(servername === undefined ? {} : { servername }),
  });
  await once(socket, "secureConnect");
  return socket;
}
