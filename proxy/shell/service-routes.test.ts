import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aNodeEntry, aNodeSlice } from "#test/builders/a-node-slice.ts";

import { DestinationGuard } from "./destination-guard.ts";
import { FOLLOWED_MAX, FollowedServices } from "./followed-services.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { ServiceTable } from "./service-table.ts";

const CART = {
  app: "shop/cart" as AppName,
  inboundPort: 20_000,
  servicePorts: [80],
  nodes: [{ address: "10.0.0.2", state: "ready", place: "elsewhere" }],
} as const;

function routes(clock = new VirtualClock()): {
  routes: ServiceRoutes;
  asked: string[];
  forgotten: string[];
  clock: VirtualClock;
} {
  const asked: string[] = [];
  const forgotten: string[] = [];
  const options = {
    namespace: "shop",
    guard: new DestinationGuard("10.0.0.1"),
    clock,
    random: () => 0.5,
    ask: (name: string) => void asked.push(name),
    forget: (name: string) => void forgotten.push(name),
  };
  return { routes: new ServiceRoutes(options), asked, forgotten, clock };
}

test("the host is asked once for a Service, whoever waits, and never for what is none", async () => {
  const { routes: own, asked } = routes();
  const waiting = [own.routeTo("cart", 80), own.routeTo("cart.shop.svc", 80), own.routeTo("cart", 9090)];
  assert.equal(own.routeTo("www.example.com", 80), undefined);
  assert.deepEqual(asked, ["shop/cart"]);
  own.received("shop/cart", CART);
  const [first, second, otherPort] = await Promise.all(waiting);
  assert.ok(first !== undefined && first === second);
  assert.equal(otherPort, undefined, "a port that does not lead to the app");
  assert.equal(own.routeTo("cart", 80), first, "at once from now on");
  own.received("shop/cart", undefined);
  assert.equal(own.routeTo("cart", 80), undefined);
});

test("a host that does not answer holds up no request for long", async () => {
  const { routes: own, clock } = routes();
  const route = own.routeTo("cart", 80);
  clock.advance(2_000);
  assert.equal(await route, undefined);
});

test("of ever more names the ones used last are kept, here and in the host", () => {
  const table = new ServiceTable({ nodeAddress: "10.0.0.1", clock: new VirtualClock() });
  const followed = new FollowedServices(table, (name, service) => own.received(name, service));
  const { routes: own, asked, forgotten } = routes();
  const ask = (name: string): void => {
    void own.routeTo(name, 80);
    // As the messages come.
    for (const old of forgotten) followed.forget(old);
    const [newest = ""] = asked.slice(-1);
    followed.follow(newest);
  };
  ask("cart");
  for (let index = 0; index < 2 * FOLLOWED_MAX; index++) {
    ask(`service-${index}`);
    void own.routeTo("cart", 80);
  }
  assert.equal(table.counts().followed, FOLLOWED_MAX);
  assert.ok(!forgotten.includes("shop/cart"));
  followed.forgetAll();
  assert.equal(table.counts().followed, 0);
});

test("a Service's own address leads to it, until another Service has it", () => {
  const clock = new VirtualClock();
  const table = new ServiceTable({ nodeAddress: "10.0.0.1", clock });
  const told: (number | undefined)[] = [];
  table.follow("10.96.0.1", (service) => void told.push(service?.inboundPort));
  const cart = aNodeSlice({ entries: [aNodeEntry({ address: "10.0.0.2" })] });
  table.sliceSeen(cart);
  clock.advance(100);
  table.sliceSeen({ ...cart, clusterIps: [] });
  clock.advance(100);
  table.sliceSeen(aNodeSlice({ service: "wish", inboundPort: 20_002 }));
  table.sliceGone(cart);
  clock.advance(100);
  assert.deepEqual(told, [undefined, 20_000, undefined, 20_002]);
});

test("a burst of changes is told once, and the own zone is learnt from the own node's entry", () => {
  const clock = new VirtualClock();
  const table = new ServiceTable({ nodeAddress: "10.0.0.1", clock });
  const told: (string | undefined)[] = [];
  table.follow("shop/cart", (service) => void told.push(service?.nodes.map(({ place }) => place).join()));
  const entries = [
    aNodeEntry({ address: "10.0.0.2", zone: "a" }),
    aNodeEntry({ address: "10.0.0.3", zone: "b" }),
  ];
  for (let times = 0; times < 10; times++) table.sliceSeen(aNodeSlice({ entries }));
  clock.advance(100);
  table.sliceSeen(aNodeSlice({ service: "web", clusterIps: [], entries: [aNodeEntry({ zone: "a" })] }));
  clock.advance(100);
  assert.deepEqual(told, [undefined, "elsewhere,elsewhere", "ownZone,elsewhere"]);
});
