import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { connectionsOfLeader } from "./leader-connections.ts";

let server: FastifyInstance;
let url: string;
let agent: Agent;
let isLeading: boolean;
let closeIdle: () => void;

beforeEach(async () => {
  isLeading = true;
  server = createHttpServer({ bodyBytesMax: 1024, logger: silentLogger });
  closeIdle = connectionsOfLeader(server, () => isLeading);
  server.post("/filter", () => ({}));
  url = await listen(server, { host: "127.0.0.1", port: 0 });
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});

afterEach(async () => {
  agent.destroy();
  await server.close();
});

interface Answer {
  readonly connection: string | undefined;
  readonly localPort: number | undefined;
  readonly socketClosed: Promise<void>;
}

async function ask(): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/filter`, { method: "POST", agent }, (response) => {
      const { socket } = response;
      const { localPort } = socket;
      const socketClosed = new Promise<void>((closed) => socket.once("close", () => closed()));
      response.resume().once("end", () => {
        // The agent takes the socket back in the same turn.
        setImmediate(resolve, { connection: response.headers.connection, localPort, socketClosed });
      });
    });
    asked.once("error", reject).end();
  });
}

test("a leader keeps its callers' connections", async () => {
  const first = await ask();
  const second = await ask();
  assert.equal(first.connection, "keep-alive");
  assert.equal(second.localPort, first.localPort);
});

test("idle connections end with leadership", async () => {
  const { socketClosed } = await ask();
  isLeading = false;
  closeIdle();
  await socketClosed;
});

test("an answer after leadership ended ends its connection", async () => {
  await ask();
  isLeading = false;
  const { connection, socketClosed } = await ask();
  assert.equal(connection, "close");
  await socketClosed;
});
