import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";

import type { AppName } from "#model/brand.ts";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";

import { TestAuthority } from "../../testing/test-authority.ts";
import type { IdentityMaterial } from "./app-identity.ts";
import { IdentityKeeper, type KeptIdentities } from "./identity-keeper.ts";

const CART = "shop/cart" as AppName;
const WEB = "shop/web" as AppName;
const DAY_MS = 86_400_000;

class Signed {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly asked: AppName[] = [];
  readonly told: [AppName, IdentityMaterial][] = [];
  readonly keeper: IdentityKeeper;
  authority: TestAuthority;
  isAway = false;
  /** Keys are made in threads of Node's own, which take as long as they take. */
  readonly #underway = new Set<Promise<unknown>>();

  readonly keeps = new Map<AppName, IdentityMaterial>();

  constructor(authority: TestAuthority, kept: KeptIdentities = []) {
    this.authority = authority;
    this.keeper = new IdentityKeeper({
      client: {
        certify: async (app) => {
          this.asked.push(app);
          if (this.isAway) throw new OperationError("CertificateLate", "nobody answers");
          const certified = this.authority.certify(app, { nowMs: this.clock.nowMs(), lifeMs: DAY_MS });
          this.#underway.add(certified);
          return certified.finally(() => this.#underway.delete(certified));
        },
      },
      changed: (app, material) => this.told.push([app, material]),
      keep: (app, material) => {
        if (material === undefined) this.keeps.delete(app);
        else this.keeps.set(app, material);
      },
      kept,
      clock: this.clock,
      random: () => 0.5,
      logger: silentLogger,
    });
  }

  async passes(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 30_000) {
      this.clock.advance(Math.min(left, 30_000));
      await this.#settled();
    }
    await this.#settled();
  }

  async #settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#underway);
      await setImmediate();
    } while (this.#underway.size > 0);
  }
}

const authority = await TestAuthority.make();

test("apps are certified once the roots are known, and again at half of a certificate's life", async () => {
  const signed = new Signed(authority);
  signed.keeper.want(new Set([CART, WEB]));
  await signed.passes(1_000);
  assert.deepEqual(signed.asked, []);
  signed.keeper.rootsSeen(authority.root);
  await signed.passes(1_000);
  assert.deepEqual(signed.told.map(([app]) => app).sort(), [CART, WEB]);
  await signed.passes(0.4 * DAY_MS);
  assert.equal(signed.asked.length, 2);
  await signed.passes(0.3 * DAY_MS);
  assert.equal(signed.asked.length, 4);
  const keys = new Set(signed.told.map(([, { key }]) => key));
  assert.equal(keys.size, 4, "every certificate has a key of its own");
  signed.keeper.stop();
});

test("a signer that is away is asked again, once a minute at least, and what there is stays", async () => {
  const signed = new Signed(authority);
  signed.keeper.rootsSeen(authority.root);
  signed.keeper.want(new Set([CART]));
  await signed.passes(1_000);
  signed.isAway = true;
  await signed.passes(0.7 * DAY_MS);
  assert.equal(signed.told.length, 1);
  const before = signed.asked.length;
  assert.ok(before > 10);
  await signed.passes(60_000);
  assert.ok(signed.asked.length > before);
  signed.isAway = false;
  await signed.passes(60_000);
  assert.equal(signed.told.length, 2);
  signed.keeper.stop();
});

test("other roots are told at once, and certificates that none of them signed are replaced", async () => {
  const signed = new Signed(authority);
  signed.keeper.rootsSeen(authority.root);
  signed.keeper.want(new Set([CART]));
  await signed.passes(1_000);
  const next = await TestAuthority.make();
  signed.keeper.rootsSeen(authority.root + next.root);
  assert.equal(signed.told.at(-1)?.[1].roots, authority.root + next.root);
  assert.equal(signed.asked.length, 1, "the old root signed it, and is still trusted");
  signed.authority = next;
  signed.keeper.rootsSeen(next.root);
  await signed.passes(1_000);
  assert.equal(signed.asked.length, 2);
  assert.equal(signed.told.at(-1)?.[1].roots, next.root);
  signed.keeper.stop();
});

test("apps that have gone are asked for no more", async () => {
  const signed = new Signed(authority);
  signed.keeper.rootsSeen(authority.root);
  signed.keeper.want(new Set([CART]));
  await signed.passes(1_000);
  signed.keeper.want(new Set());
  await signed.passes(2 * DAY_MS);
  assert.equal(signed.asked.length, 1);
  signed.keeper.stop();
});

test("a keeper goes on with what the one before it had, without the signer and the roots, and renews it when it is due", async () => {
  const first = new Signed(authority);
  first.keeper.want(new Set([CART, WEB]));
  first.keeper.rootsSeen(authority.root);
  await first.passes(1_000);
  first.keeper.want(new Set([CART]));
  first.keeper.stop();
  assert.deepEqual([...first.keeps.keys()], [CART]);
  const next = new Signed(authority, [...first.keeps]);
  next.isAway = true;
  next.keeper.want(new Set([CART, WEB]));
  assert.deepEqual(next.told, [...first.keeps]);
  next.keeper.rootsSeen(authority.root);
  await next.passes(1_000);
  assert.deepEqual(new Set(next.asked), new Set([WEB]), "the signer is asked for what is not there alone");
  next.isAway = false;
  await next.passes(0.6 * DAY_MS);
  assert.ok(next.asked.includes(CART));
  assert.notEqual(next.keeps.get(CART)?.key, first.keeps.get(CART)?.key);
  next.keeper.stop();
});

test("what was kept and was signed by nobody who is trusted now is replaced", async () => {
  const old = await TestAuthority.make();
  const now = Date.UTC(2026, 0, 1);
  const next = new Signed(authority, [[CART, await old.certify(CART, { nowMs: now, lifeMs: DAY_MS })]]);
  next.keeper.want(new Set([CART]));
  next.keeper.rootsSeen(authority.root);
  await next.passes(1_000);
  assert.deepEqual(next.asked, [CART]);
  next.keeper.stop();
});
