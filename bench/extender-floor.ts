// What the machine itself takes: a bare server of Node's that reads a question and sends its names back. No extender in
// Node can be faster, and its slowest answers are the machine's.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts one in a process of its own, ended with `kill`. */
export async function startFloor(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = fork(new URL(import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [port] = (await once(child, "message")) as [number];
  return { url: `http://127.0.0.1:${port}`, child };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    response.setHeader("content-type", "application/json");
    response.end(body.subarray(body.indexOf('"NodeNames"')));
  });
}

if (import.meta.main && process.send !== undefined) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send((server.address() as AddressInfo).port);
  process.once("disconnect", () => process.exit());
}
