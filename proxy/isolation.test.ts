import assert from "node:assert/strict";
import { test } from "node:test";

import type { ExitReason } from "./policy/instance-lifecycle.ts";
import { startApp } from "./testing/app-server.ts";
import type { Fault } from "./testing/fault-preload.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { orderFault } from "./testing/order-fault.ts";
import { SteadyClient } from "./testing/steady-client.ts";

const FAULTY = "shop/faulty";
const SOUND = "shop/sound";
const MIB = 1024 ** 2;

const REASONS: Readonly<Partial<Record<Fault, ExitReason>>> = {
  "heap-exhaustion": "out-of-memory",
  throw: "uncaught-error",
  exit: "exited",
  "endless-loop": "stalled",
  "endless-regex": "stalled",
};

for (const [fault, reason] of Object.entries(REASONS) as [Fault, ExitReason][]) {
  test(`an instance that ends by ${fault} comes back, and another app loses no request`, async (context) => {
    const bed = new HostBed(context, {
      workerPreload: new URL("./testing/fault-preload.ts", import.meta.url).href,
    });
    const app = await startApp(context);
    const faulty = await bed.serve(FAULTY, app.port, { memoryBytes: 80 * MIB });
    const sound = await bed.serve(SOUND, app.port);
    const cpuSecondsBefore = bed.instance(FAULTY).cpuSeconds;
    assert.equal((await send({ port: faulty.inbound })).statusCode, 200);

    const client = new SteadyClient(sound.inbound);
    await until(() => client.answered > 20);
    orderFault({ app: FAULTY, fault });
    await until(() => bed.instance(FAULTY).restarts.size > 0);
    assert.deepEqual([...bed.instance(FAULTY).restarts], [[reason, 1]]);
    const answeredAtDeath = client.answered;

    await until(() => bed.instance(FAULTY).isServing);
    assert.deepEqual(bed.ports(FAULTY), faulty);
    assert.equal((await send({ port: faulty.inbound })).statusCode, 200);
    await until(() => client.answered > answeredAtDeath + 20);
    await client.stop();

    assert.equal(client.failed, 0);
    assert.equal(bed.instance(SOUND).restarts.size, 0);
    assert.equal(bed.instance(SOUND).counters.read().inbound.requests, client.answered);
    // What the dead worker counted and used is still on its app's account.
    assert.equal(bed.instance(FAULTY).counters.read().inbound.requests, 2);
    assert.ok(bed.instance(FAULTY).cpuSeconds > cpuSecondsBefore);
  });
}

test("requests in progress in a worker that dies are counted as lost", async (context) => {
  const bed = new HostBed(context, {
    workerPreload: new URL("./testing/fault-preload.ts", import.meta.url).href,
  });
  const app = await startApp(context, () => undefined);
  const { inbound } = await bed.serve(FAULTY, app.port);
  const lost = assert.rejects(send({ port: inbound }));
  await until(() => app.connections.length > 0);
  orderFault({ app: FAULTY, fault: "exit" });
  await lost;
  await until(() => bed.instance(FAULTY).restarts.size > 0);
  const counts = bed.instance(FAULTY).counters.read().inbound;
  assert.equal(counts.inFlight, 0);
  assert.deepEqual(counts.reasons, { instanceDied: 1 });
});
