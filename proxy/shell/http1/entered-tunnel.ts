// A tunnel that a client asked for and that ends here: its destination is a Service of the mesh, so what is in it is
// routed like any other request. Node's fetch, gRPC and WebSocket clients ask for tunnels also where nothing is encrypted.

import { isHttp2Preface } from "../http2/preface.ts";

export interface EnteredTunnel {
  /** Host and port, as CONNECT named them. */
  readonly target: string;
  /** `unheard`: nothing has come yet. `bytes`: something else, TLS above all. */
  readonly spoken: "unheard" | "requests" | "http2" | "bytes";
}

export const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/** @param bytes the first ones in the tunnel; at least one. */
export function heardIn({ target }: EnteredTunnel, bytes: Buffer): EnteredTunnel {
  if (isHttp2Preface(bytes)) return { target, spoken: "http2" };
  return { target, spoken: LETTER.test(String.fromCharCode(bytes[0] ?? 0)) ? "requests" : "bytes" };
}

/** Methods begin with one, records of TLS and most other protocols do not. */
const LETTER = /[A-Za-z]/;
