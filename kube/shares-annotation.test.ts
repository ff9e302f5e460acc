import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName } from "#model/brand.ts";
import type { Shares } from "#model/shares.ts";
import { decodeShares, sharesText } from "./shares-annotation.ts";

const MIB = 1024 ** 2;

const shares: Shares = {
  version: 7,
  apps: new Map([
    ["shop/pay" as AppName, share(20, 100)],
    ["shop/cart" as AppName, share(60, 500)],
  ]),
};

function share(guaranteed: number, cap: number) {
  const both = (units: number) => ({ cpuMilli: units, memoryBytes: units * MIB });
  return { guaranteed: both(guaranteed), cap: both(cap) };
}

test("shares are read as they were written, and the same shares are the same text", () => {
  const text = sharesText(shares);
  assert.deepEqual(decodeShares(text), shares);
  const reversed = { version: 7, apps: new Map([...shares.apps].toReversed()) };
  assert.equal(sharesText(reversed), text);
});

const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ["text that is no JSON", "{", /berth\.dev\/shares/],
  ["an unknown key", '{"version":1,"apps":{},"aps":{}}', /aps/],
  ["a version that is no whole number", '{"version":1.5,"apps":{}}', /version/],
  ["an app without its namespace", entry("cart", "1,1", "1,1"), /namespace\/name/],
  ["an amount below nothing", entry("shop/cart", "-1,1", "1,1"), /cpuMilli/],
  ["a cap below what is guaranteed", entry("shop/cart", "1,2", "1,1"), /cap must be at least/],
];

for (const [what, text, message] of WRONG) {
  test(`${what} is refused, and the error says where`, () => {
    assert.throws(() => decodeShares(text), { name: "DecodeError", message });
  });
}

function entry(app: string, ...amounts: readonly [string, string]): string {
  const [guaranteed, cap] = amounts.map((pair) => {
    const [cpuMilli, memoryBytes] = pair.split(",").map(Number);
    return { cpuMilli, memoryBytes };
  });
  return JSON.stringify({ version: 1, apps: { [app]: { guaranteed, cap } } });
}
