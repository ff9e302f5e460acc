import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { applyPatch } from "../policy/patch.ts";
import type { Frame, View } from "../policy/wire.ts";
import { ComponentAway } from "./components.ts";
import { Feed, type FeedClient } from "./feed.ts";
import { screenRoutes } from "./screen-routes.ts";
import type { ScreenContext, ScreenSource } from "./screen-source.ts";
import { StreamHub } from "./stream-hub.ts";

class RememberingClient implements FeedClient {
  isDrained = true;
  readonly frames: Frame[] = [];
  view: View = {};

  send(frame: Frame): void {
    this.frames.push(frame);
    if (frame.kind === "full") this.view = frame.view;
    if (frame.kind === "patch") this.view = applyPatch(this.view, frame.patch) as View;
  }
}

function aFeed(view: () => object | Promise<object>) {
  let changes = 0;
  const feed = new Feed({ open: () => ({ view }), changes: () => changes });
  return { feed, change: () => (changes += 1) };
}

test("a client gets the whole view first, then only what changed, and nothing while nothing does", async () => {
  let pods = 1;
  let looks = 0;
  const { feed, change } = aFeed(() => {
    looks += 1;
    return { pods, node: "node-1" };
  });
  const client = new RememberingClient();
  feed.add(client);
  await feed.tick(0);
  await feed.tick(1_000);
  assert.equal(looks, 1);
  pods = 2;
  change();
  await feed.tick(2_000);
  assert.deepEqual(client.frames, [
    { kind: "full", view: { pods: 1, node: "node-1" } },
    { kind: "patch", patch: { set: { pods: 2 } } },
  ]);
});

test("a slow client is sent the sum of what it missed, and others do not wait for it", async () => {
  let pods = 0;
  const { feed, change } = aFeed(() => ({ pods, at: { [`pod-${pods}`]: true } }));
  const [quick, slow] = [new RememberingClient(), new RememberingClient()];
  feed.add(quick);
  feed.add(slow);
  await feed.tick(0);
  slow.isDrained = false;
  for (pods = 1; pods <= 3; pods++) {
    change();
    await feed.tick(pods * 1_000);
  }
  assert.equal(quick.frames.length, 4);
  assert.equal(slow.frames.length, 1);
  slow.isDrained = true;
  await feed.tick(9_000);
  assert.equal(slow.frames.length, 2);
  assert.deepEqual(slow.view, quick.view);
});

test("a part that is away is said once with its mend, tried again at each tick, and forgotten when it is back", async () => {
  let isAway = false;
  const { feed, change } = aFeed(() => {
    if (isAway) throw new ComponentAway("The extender is not reached.", "Start it.");
    return { pods: 1 };
  });
  const client = new RememberingClient();
  feed.add(client);
  await feed.tick(0);
  isAway = true;
  change();
  await feed.tick(1_000);
  await feed.tick(2_000);
  isAway = false;
  await feed.tick(3_000);
  await feed.tick(4_000);
  assert.deepEqual(client.frames.slice(1), [
    { kind: "trouble", trouble: { message: "The extender is not reached.", mend: "Start it." } },
    { kind: "patch", patch: {} },
  ]);
});

test("a view that takes long is not asked for twice, and nobody's tick waits for it but its own", async () => {
  const gate = Promise.withResolvers<object>();
  let looks = 0;
  const { feed, change } = aFeed(() => {
    looks += 1;
    return gate.promise;
  });
  const client = new RememberingClient();
  feed.add(client);
  const first = feed.tick(0);
  change();
  await feed.tick(1_000);
  assert.equal(looks, 1);
  gate.resolve({ pods: 1 });
  await first;
  assert.deepEqual(client.view, { pods: 1 });
});

const words: ScreenSource = {
  name: "words",
  params: z.strictObject({ word: z.string().max(5).optional() }),
  open: (_, { word = "none" }) => ({
    view() {
      if (word === "bad") throw new OperationError("Bad", "that word is not said here");
      return { word };
    },
  }),
};

async function served() {
  const clock = new VirtualClock(0);
  const hub = new StreamHub({ clock, changes: () => 0, logger: silentLogger });
  const server = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  const overview = {
    name: "overview",
    params: z.strictObject({}),
    open: () => ({ view: () => ({ nodes: 3 }) }),
  };
  // No screen here looks at a cluster.
  const context = {} as ScreenContext;
  await server.register(screenRoutes, { context, screens: [words], overview, hub });
  const url = await listen(server, { host: "127.0.0.1", port: 0 });
  return {
    hub,
    clock,
    url,
    async [Symbol.asyncDispose]() {
      hub.stop();
      server.server.closeAllConnections();
      await server.close();
    },
  };
}

test("one stream has the overview and the screen, and gives its place back when the browser goes", async () => {
  await using it = await served();
  const asked = get(`${it.url}/api/stream/words?word=hello`);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  assert.match(String(response.headers["content-type"]), /^text\/event-stream/);
  const events = new Set<string>();
  const text = response.pipe(createGunzip()).setEncoding("utf8");
  let read = "";
  for await (const chunk of text) {
    read += String(chunk);
    for (const [, event = ""] of read.matchAll(/event: (\w+)\n/g)) events.add(event);
    if (events.size === 2) break;
  }
  assert.deepEqual([...events].sort(), ["overview", "screen"]);
  assert.match(read, /"word":"hello"/);
  assert.equal(it.hub.clientCount, 1);
  asked.destroy();
  while (it.hub.clientCount > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("an address that is none is said so, with what is wrong", async () => {
  await using it = await served();
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`${it.url}${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask("/api/screens/words?word=hello"), [200, '{"word":"hello"}']);
  assert.deepEqual((await ask("/api/screens/overview"))[1], '{"nodes":3}');
  assert.equal((await ask("/api/stream/nothing"))[0], 404);
  assert.match((await ask("/api/stream/words?word=longer"))[1], /word/);
  assert.equal((await ask("/api/screens/words?unknown=1"))[0], 400);
  assert.deepEqual(await ask("/api/screens/words?word=bad"), [503, '{"error":"that word is not said here"}']);
});
