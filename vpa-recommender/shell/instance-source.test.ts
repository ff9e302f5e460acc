import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { InstanceSource } from "./instance-source.ts";
import { decodeProxyPod } from "./proxy-pod.ts";

const BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };

const PROXY = decodeProxyPod({
  metadata: { uid: "uid-1", name: "proxy-1", namespace: "berth-system" },
  spec: { nodeName: "node-1", containers: [{ name: "proxy" }] },
  status: { podIP: "127.0.0.1" },
});

interface Answering {
  readonly source: InstanceSource;
  readonly clock: VirtualClock;
  answer: { status: number; body: unknown };
}

async function answering(context: TestContext): Promise<Answering> {
  const clock = new VirtualClock();
  const server = createServer((_request, response) => {
    response.writeHead(made.answer.status).end(JSON.stringify(made.answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const source = new InstanceSource({ port: (server.address() as AddressInfo).port, clock });
  const made: Answering = { source, clock, answer: { status: 200, body: usage(0) } };
  context.after(async () => {
    await source.stop();
    server.close();
  });
  return made;
}

function usage(cpuSeconds: number): object {
  const instance = { app: "shop/cart", pods: 2, connections: 8, requests: 100 * cpuSeconds };
  const instances = [{ ...instance, cpuSeconds: cpuSeconds / 2, cpuHeldSeconds: 0, memoryBytes: 50 * MIB }];
  return { node: "node-1", cpuSeconds, residentBytes: 200 * MIB, instances };
}

test("two looks at a proxy tell what its instances used", async (context) => {
  const made = await answering(context);
  const { source, clock } = made;
  assert.equal(await source.read(PROXY, BASE), undefined);
  made.answer.body = usage(12);
  clock.advance(60_000);
  const read = await source.read(PROXY, BASE);
  assert.deepEqual(read?.used, { cpuMilli: 200, memoryBytes: 200 * MIB });
  assert.equal(read?.instances.get(anApp("cart"))?.kiloRps, 0.02);
  assert.equal(read?.instances.get(anApp("cart"))?.used.cpuMilli, 100);
});

test("a proxy that is asked every second is compared over five", async (context) => {
  const made = await answering(context);
  const { source, clock } = made;
  for (let second = 0; second < 5; second++) {
    made.answer.body = usage(second);
    assert.equal(await source.read(PROXY, BASE), undefined);
    clock.advance(1_000);
  }
  made.answer.body = usage(5);
  assert.equal((await source.read(PROXY, BASE))?.used.cpuMilli, 1_000);
});

test("a proxy that is not kept is looked at as if for the first time", async (context) => {
  const { source, clock } = await answering(context);
  await source.read(PROXY, BASE);
  source.keep(new Set());
  clock.advance(60_000);
  assert.equal(await source.read(PROXY, BASE), undefined);
});

test("an answer that is not usage is an error, and its proxy is left alone for a while", async (context) => {
  const made = await answering(context);
  made.answer = { status: 503, body: {} };
  await assert.rejects(made.source.read(PROXY, BASE), /answered 503/);
  assert.equal(await made.source.read(PROXY, BASE), undefined);
  made.clock.advance(60_000);
  made.answer = { status: 200, body: { ...usage(1), residentBytes: -1 } };
  await assert.rejects(made.source.read(PROXY, BASE), /residentBytes/);
});

test("without a port, or without an address, nobody is asked", async () => {
  const off = new InstanceSource({ port: 0, clock: new VirtualClock() });
  assert.equal(await off.read(PROXY, BASE), undefined);
  const on = new InstanceSource({ port: 9, clock: new VirtualClock() });
  assert.equal(await on.read({ ...PROXY, address: undefined }, BASE), undefined);
  await Promise.all([off.stop(), on.stop()]);
});
