import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, test } from "node:test";
import type { AppName } from "#model/brand.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { ProfileStatusSweep } from "./profile-status-sweep.ts";

const SWEEP_MS = 10_000;

let clock: VirtualClock;
let profiles: Map<AppName, MeshProfile>;
let refreshed: AppName[];
let hopeless: Set<AppName>;
let isLeader: boolean;
let sweep: ProfileStatusSweep;

beforeEach(() => {
  clock = new VirtualClock();
  [profiles, refreshed, hopeless, isLeader] = [new Map(), [], new Set(), true];
  sweep = new ProfileStatusSweep({
    profiles,
    isLeader: () => isLeader,
    async refreshStatus(app) {
      refreshed.push(app);
      if (!hopeless.has(app)) addProfile(app);
    },
    clock,
  });
  sweep.start();
});

afterEach(() => sweep.stop());

function addProfile(app: AppName, rest: Partial<MeshProfile> = {}): void {
  profiles.set(app, { ...aProfile(), app, ...rest });
}

function addOutdated(count: number): readonly AppName[] {
  const apps = Array.from({ length: count }, (_, index) => anApp(`app-${index}`));
  for (const app of apps) addProfile(app, { isStatusOutdated: true });
  return apps;
}

async function pass(sweeps: number): Promise<void> {
  for (let count = 0; count < sweeps; count++) {
    clock.advance(SWEEP_MS);
    await setImmediate();
  }
}

test("profiles that are out of date are refreshed, and no others", async () => {
  addProfile(anApp("current"));
  const apps = addOutdated(3);
  await pass(1);
  assert.deepEqual(refreshed, apps);
  await pass(3);
  assert.deepEqual(refreshed, apps);
});

test("a thousand edits at once cost one refresh each, twenty at a time", async () => {
  const apps = addOutdated(1_000);
  await pass(1);
  assert.equal(refreshed.length, 20);
  await pass(49);
  assert.deepEqual(refreshed, apps);
  await pass(10);
  assert.equal(refreshed.length, 1_000);
});

test("profiles that stay out of date keep nobody waiting, and are taken again in their turn", async () => {
  const apps = addOutdated(50);
  hopeless = new Set(apps.slice(0, 20));
  await pass(3);
  assert.deepEqual(refreshed, apps);
  await pass(1);
  assert.deepEqual(refreshed.slice(50), apps.slice(0, 20));
});

test("only the leader refreshes", async () => {
  isLeader = false;
  addOutdated(1);
  await pass(2);
  assert.deepEqual(refreshed, []);
  isLeader = true;
  await pass(1);
  assert.equal(refreshed.length, 1);
});

test("nothing is refreshed after the end", async () => {
  addOutdated(1);
  sweep.stop();
  await pass(2);
  assert.deepEqual(refreshed, []);
  assert.equal(clock.nextDueMs(), undefined);
});
