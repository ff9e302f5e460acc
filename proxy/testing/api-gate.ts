// The only way to the API server, which can be shut: nobody listens there then, and whoever was connected is cut off.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export class ApiGate {
  readonly #to: { readonly host: string; readonly port: number };
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /** @param url of the API server. */
  constructor(url: string) {
    const { hostname: host, port } = new URL(url);
    this.#to = { host, port: Number(port) };
  }

  get url(): string {
    return `http://${this.#to.host}:${this.#port}`;
  }

  /** At the same address as before. */
  async open(): Promise<void> {
    const server = createServer((socket) => this.#pass(socket));
    server.listen(this.#port, this.#to.host);
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  shut(): void {
    this.#server?.close();
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  #pass(socket: Socket): void {
    const onward = connect(this.#to);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#open.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
