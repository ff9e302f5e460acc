import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { BypassCount, type BypassView } from "./bypass-count.ts";
import { trackedConnection } from "./tracked-connection.ts";

const WEB = "shop/web" as AppName;
const VIEW: BypassView = {
  appOf: new Map([["10.1.0.2", WEB]]),
  isMeant: (destination) => destination === "10.0.0.1",
  isService: (destination) => destination === "10.96.0.1",
};

const line = (source: string, destination: string, port = 80, sourcePort = 4_000): string =>
  `ipv4     2 tcp      6 117 ESTABLISHED src=${source} dst=${destination} sport=${sourcePort} dport=${port} src=${destination} dst=${source} sport=${port} dport=${sourcePort} [ASSURED] mark=0 zone=0 use=2`;

function looked(count: BypassCount, ...lines: readonly string[]): unknown {
  count.looked(
    lines.flatMap((text) => trackedConnection(text) ?? []),
    VIEW,
  );
  return Object.fromEntries(count.counts);
}

test("a connection past the proxy counts once for the app that opened it, however long it lasts", () => {
  const count = new BypassCount();
  const past = line("10.1.0.2", "93.184.216.34");
  assert.deepEqual(looked(count, past, line("10.1.0.2", "10.0.0.1"), line("10.1.0.9", "93.184.216.34")), {
    [WEB]: { service: 0, other: 1 },
  });
  looked(count, past);
  assert.deepEqual(looked(count, past, line("10.1.0.2", "10.96.0.1")), { [WEB]: { service: 1, other: 1 } });
  // The same ports again, after it had gone, are another connection.
  looked(count);
  assert.deepEqual(looked(count, past), { [WEB]: { service: 1, other: 2 } });
});

test("counts go with the app's last pod", () => {
  const count = new BypassCount();
  looked(count, line("10.1.0.2", "93.184.216.34"));
  count.looked([], { ...VIEW, appOf: new Map() });
  assert.equal(count.counts.size, 0);
});

test("lines that are no TCP, or cut off, are none", () => {
  for (const text of [
    "",
    line("10.1.0.2", "10.0.0.9").slice(0, 60),
    "ipv4     2 udp      17 29 src=10.1.0.2 dst=10.96.0.10 sport=4000 dport=53 src=10.96.0.10 dst=10.1.0.2 sport=53 dport=4000 mark=0 zone=0 use=2",
    "ipv4     2 icmp     1 29 src=10.1.0.2 dst=10.0.0.1 type=8 code=0 id=1 src=10.0.0.1 dst=10.1.0.2 type=0 code=0 id=1 mark=0 zone=0 use=2",
  ])
    assert.equal(trackedConnection(text), undefined, text);
});

for (const [written, short] of [
  ["fd00:0000:0000:0000:0000:0000:0000:0002", "fd00::2"],
  ["2001:0db8:0000:0001:0000:0000:0000:0010", "2001:db8:0:1::10"],
  ["0000:0000:0000:0000:0000:0000:0000:0001", "::1"],
  ["2001:0db8:0001:0002:0003:0004:0005:0006", "2001:db8:1:2:3:4:5:6"],
] as const) {
  test(`${written} is ${short} to Kubernetes`, () => {
    const found = trackedConnection(
      `ipv6     10 tcp      6 9 CLOSE src=${written} dst=${written} sport=1 dport=2 src=${written} dst=${written} sport=2 dport=1 mark=0 zone=0 use=2`,
    );
    assert.deepEqual([found?.source, found?.destination], [short, short]);
  });
}
