// In the place of kube-proxy: forwards connections to a Service's cluster address to one of its ready pods. Pods here
// are processes on loopback, so their cluster addresses are names for local ports. The API server asks by HTTP CONNECT
// at a socket (its egress selector), everyone else asks for the port.

import { type AddressInfo, createServer, connect as connectTo, type Server, type Socket } from "node:net";
import type { KubeConnection } from "#kube/connection.ts";
import { ENDPOINT_SLICES, resourcePath, SERVICES } from "#kube/resource-path.ts";
import { HOST } from "./control-plane.ts";

/** A request line and a few headers. */
const HEAD_BYTES_MAX = 4_096;

export class ServiceNetwork {
  readonly #connection: KubeConnection;
  /** `address:port` as the cluster knows it → the local port. */
  readonly #localPorts = new Map<string, number>();
  readonly #forwarders: Server[] = [];
  #server: Server | undefined;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
  }

  async listen(socketPath: string): Promise<void> {
    const server = createServer((client) => {
      client.on("error", () => client.destroy());
      void this.#serve(client).catch((error: unknown) => {
        client.end(`HTTP/1.1 502 ${String(error).replaceAll(/\s+/g, " ")}\r\n\r\n`);
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketPath, resolve);
    });
  }

  expose(address: string, port: number, localPort: number): void {
    this.#localPorts.set(`${address}:${port}`, localPort);
  }

  /**
   * The local port behind a cluster address, a Service's or a pod's own.
   *
   * @throws Error that says whether there is no such Service, or no ready pod behind it.
   */
  async localPortOf(address: string, port: number): Promise<number> {
    const pod = this.#localPorts.get(`${address}:${port}`);
    if (pod !== undefined) return pod;
    const { items } = (await this.#connection.get(resourcePath(SERVICES))) as { items: readonly Service[] };
    const service = items.find(({ spec }) => spec.clusterIP === address);
    if (service === undefined) throw new Error(`no Service has the address ${address}`);
    const { name, namespace } = service.metadata;
    const portName = service.spec.ports?.find((candidate) => candidate.port === port)?.name;
    const slices = (await this.#connection.get(resourcePath({ ...ENDPOINT_SLICES, namespace }), {
      labelSelector: `kubernetes.io/service-name=${name}`,
    })) as { items: readonly EndpointSlice[] };
    for (const slice of slices.items) {
      const target = slice.ports?.find((candidate) => (candidate.name ?? "") === (portName ?? ""))?.port;
      // As kube-proxy: those that end, but still serve, are asked where no other is there.
      const ready = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false);
      const serving = slice.endpoints?.find(({ conditions }) => conditions?.serving === true);
      const local = this.#localPorts.get(`${(ready ?? serving)?.addresses[0]}:${target}`);
      if (local !== undefined) return local;
    }
    throw new Error(`Service ${namespace}/${name} has no ready pod for port ${port}`);
  }

  /**
   * A local URL that leads where a URL with a Service's name does, whichever of its pods that is at the time.
   *
   * @throws Error if there is no such Service.
   */
  async reach(url: string): Promise<string> {
    const { protocol, hostname, port } = new URL(url);
    const [name, namespace] = hostname.split(".");
    const path = resourcePath({ ...SERVICES, namespace: namespace ?? "", name: name ?? "" });
    const { spec } = (await this.#connection.get(path)) as Service;
    const forwarder = createServer((client) => {
      client.on("error", () => client.destroy());
      this.#forward(client, spec.clusterIP ?? "", Number(port)).catch(() => client.destroy());
    });
    this.#forwarders.push(forwarder);
    await new Promise<void>((resolve) => forwarder.listen(0, HOST, resolve));
    // A suite that failed must not wait for it.
    forwarder.unref();
    return `${protocol}//${HOST}:${(forwarder.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server?.close();
    for (const forwarder of this.#forwarders) forwarder.close();
  }

  async #forward(client: Socket, address: string, port: number): Promise<void> {
    const upstream = connectTo(await this.localPortOf(address, port), HOST);
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    client.pipe(upstream).pipe(client);
  }

  async #serve(client: Socket): Promise<void> {
    const { head, rest } = await readHead(client);
    const [, address, port] = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    if (address === undefined) throw new Error("expected a CONNECT request");
    const upstream = connectTo(await this.localPortOf(address, Number(port)), HOST);
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    upstream.write(rest);
    client.pipe(upstream).pipe(client);
  }
}

interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  };
}

interface EndpointSlice {
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean };
  }[];
}

async function readHead(client: Socket): Promise<{ readonly head: string; readonly rest: Buffer }> {
  let received = Buffer.alloc(0);
  while (received.length <= HEAD_BYTES_MAX) {
    const end = received.indexOf("\r\n\r\n");
    if (end >= 0) return { head: received.subarray(0, end + 4).toString(), rest: received.subarray(end + 4) };
    const chunk = await nextChunk(client);
    received = Buffer.concat([received, chunk]);
  }
  throw new Error("the request's head is too long");
}

// Once per chunk, and paused in between: what follows the head belongs to the pipe.
async function nextChunk(client: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("the client left"));
    client.once("close", ended);
    client.once("data", (chunk: Buffer) => {
      client.off("close", ended);
      client.pause();
      resolve(chunk);
    });
    client.resume();
  });
}
