import assert from "node:assert/strict";
import { test } from "node:test";

import { VirtualClock } from "#runtime/virtual-clock.ts";

import { DestinationGuard } from "./destination-guard.ts";
import { NameResolver, NAMES_CACHED_MAX } from "./name-resolver.ts";
import type { NameQueries } from "./name-resolver.ts";

class Zone implements NameQueries {
  asked: string[] = [];
  readonly #addresses: Readonly<Record<string, string>>;
  readonly #ttl: number;

  constructor(addresses: Readonly<Record<string, string>>, ttl = 30) {
    this.#addresses = addresses;
    this.#ttl = ttl;
  }

  async resolve4(name: string): Promise<readonly { address: string; ttl: number }[]> {
    this.asked.push(name);
    return this.#answer(name, (address) => !address.includes(":"));
  }

  async resolve6(name: string): Promise<readonly { address: string; ttl: number }[]> {
    return this.#answer(name, (address) => address.includes(":"));
  }

  #answer(name: string, isRight: (address: string) => boolean): readonly { address: string; ttl: number }[] {
    const address = this.#addresses[name];
    if (address === undefined || !isRight(address)) throw new Error("ENOTFOUND");
    return [{ address, ttl: this.#ttl }];
  }
}

function resolverOf(
  queries: NameQueries,
  nodeAddress = "10.0.0.1",
): { names: NameResolver; clock: VirtualClock } {
  const clock = new VirtualClock();
  const guard = new DestinationGuard(nodeAddress);
  return { clock, names: new NameResolver({ namespace: "shop", guard, clock, queries }) };
}

test("a short name is the service in the app's own namespace", async () => {
  const zone = new Zone({
    "cart.shop.svc.cluster.local": "10.1.1.1",
    "six.shop.svc.cluster.local": "fd00::1",
  });
  const { names } = resolverOf(zone);
  assert.deepEqual(await names.resolve("cart"), [{ address: "10.1.1.1", family: 4 }]);
  assert.deepEqual(await names.resolve("six"), [{ address: "fd00::1", family: 6 }]);
});

test("answers are kept for their time to live, and the lack of one for a second", async () => {
  const zone = new Zone({ "a.b.c.d": "10.1.1.1" }, 5);
  const { names, clock } = resolverOf(zone);
  await names.resolve("a.b.c.d");
  clock.advance(4_999);
  await names.resolve("a.b.c.d");
  assert.equal(zone.asked.length, 1);
  clock.advance(1);
  await names.resolve("a.b.c.d");
  assert.equal(zone.asked.length, 2);
  await assert.rejects(names.resolve("no.such.name.x"), { code: "NameUnresolved" });
  await assert.rejects(names.resolve("no.such.name.x"), { code: "NameUnresolved" });
  assert.equal(zone.asked.length, 3);
  clock.advance(1_000);
  await assert.rejects(names.resolve("no.such.name.x"), { code: "NameUnresolved" });
  assert.equal(zone.asked.length, 4);
});

test("requests that ask for a name at once ask the server once", async () => {
  const zone = new Zone({ "a.b.c.d": "10.1.1.1" });
  const { names } = resolverOf(zone);
  await Promise.all([names.resolve("a.b.c.d"), names.resolve("a.b.c.d"), names.resolve("a.b.c.d")]);
  assert.equal(zone.asked.length, 1);
});

test("the cache is bounded, and the oldest name makes room", async () => {
  const zone = new Zone({}, 30);
  const { names } = resolverOf(zone);
  for (let index = 0; index <= NAMES_CACHED_MAX; index++) {
    await assert.rejects(names.resolve(`x${index}.b.c.d`));
  }
  zone.asked = [];
  await assert.rejects(names.resolve("x1.b.c.d"));
  assert.deepEqual(zone.asked, []);
  await assert.rejects(names.resolve("x0.b.c.d"));
  assert.deepEqual(zone.asked, ["x0.b.c.d"]);
});

test("a name cannot lead to the node's own loopback", async () => {
  const zone = new Zone({
    "evil.b.c.d": "127.0.0.1",
    "mapped.b.c.d": "::ffff:127.0.0.1",
    "meta.b.c.d": "169.254.169.254",
  });
  const { names } = resolverOf(zone);
  for (const name of ["evil.b.c.d", "mapped.b.c.d", "meta.b.c.d", "localhost"]) {
    await assert.rejects(names.resolve(name), { code: "DestinationForbidden" }, name);
  }
});

test("where the proxy itself serves on loopback, loopback is allowed, and nothing else forbidden is", () => {
  const guard = new DestinationGuard("127.0.0.2");
  assert.ok(!guard.isForbidden("127.0.0.1"));
  assert.ok(guard.isForbidden("169.254.169.254"));
  const strict = new DestinationGuard("fd00::1");
  for (const address of ["127.0.0.1", "::1", "0.0.0.0", "::", "fe80::1", "::ffff:127.0.0.1"]) {
    assert.ok(strict.isForbidden(address), address);
  }
  for (const address of ["10.0.0.1", "fd00::1", "cart"]) assert.ok(!strict.isForbidden(address), address);
});
