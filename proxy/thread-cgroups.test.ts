// On a kernel with the CPU controller of version 1, as root: with what the kernel itself then says.

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import type { AppName } from "#model/brand.ts";
import type { Shares } from "#model/shares.ts";
import { silentLogger } from "#runtime/logger.ts";

import { ownCpuGroup } from "./policy/own-cgroup.ts";
import { threadCgroupOwner } from "./policy/thread-cgroup.ts";
import { ProxyMetrics } from "./shell/metrics.ts";
import { openThreadCgroups, type ThreadCgroups } from "./shell/thread-cgroups.ts";
import { startApp } from "./testing/app-server.ts";
import { HostBed, until } from "./testing/host-bed.ts";
import { send } from "./testing/http-client.ts";
import { orderFault } from "./testing/order-fault.ts";
import { exitCode, register, startProxy } from "./testing/proxy-process.ts";

const CART = "shop/cart" as AppName;
const FRONT = "shop/front" as AppName;

const writable = writableGroup();
const skip = writable === undefined && "no writable CPU control group of version 1 (it takes root on Linux)";

test(
  "each instance's thread is in a group of its own, which goes with the instance",
  { skip },
  async (context) => {
    const { directory, threads } = openGroups(context);
    const bed = new HostBed(context, { threads });
    const app = await startApp(context);
    const { inbound } = await bed.serve(CART, app.port, { cpuMilli: 400 });
    await bed.serve(FRONT, app.port);
    await until(() => threadsOf(directory, "shop_cart").length === 1);
    await until(() => threadsOf(directory, "shop_front").length === 1);
    const ids = [...threadsOf(directory, "shop_cart"), ...threadsOf(directory, "shop_front")];
    assert.equal(new Set(ids).size, 2);
    // Of this process, and not its main thread, which serves everybody.
    for (const id of ids) assert.ok(existsSync(`/proc/self/task/${id}`) && id !== String(process.pid));
    await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "44000");
    assert.equal(value(directory, "shop_front", "cpu.cfs_quota_us"), "-1");
    assert.match(new ProxyMetrics(bed.host).render(), /^berth_proxy_thread_cgroups 1$/m);
    assert.equal((await send({ port: inbound })).statusCode, 200);

    bed.podDeleted(`${CART}-0`);
    await until(() => groupOf(directory, "shop_cart") === undefined);
    assert.equal(threadsOf(directory, "shop_front").length, 1);
  },
);

test("a changed quota or guarantee changes the group, whose thread stays", { skip }, async (context) => {
  const { directory, threads } = openGroups(context);
  const bed = new HostBed(context, { threads });
  const app = await startApp(context);
  await bed.serve(CART, app.port, { cpuMilli: 400 });
  await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "44000");
  const before = threadsOf(directory, "shop_cart");

  for (const [cpuMilli, quota, burst] of [
    [100, "11000", "6000"],
    [900, "99000", "54000"],
    [undefined, "-1", "0"],
  ] as const) {
    bed.settings(CART, cpuMilli === undefined ? {} : { cpuMilli });
    await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === quota);
    const saved = value(directory, "shop_cart", "cpu.cfs_burst_us");
    assert.ok(saved === undefined || saved === burst, `${saved} saved at ${cpuMilli}`);
  }
  bed.cluster.listener.sharesSeen(sharesOf(500));
  await until(() => value(directory, "shop_cart", "cpu.shares") === "512");
  assert.deepEqual(threadsOf(directory, "shop_cart"), before);
});

test("a thread that its own loop cannot hold is held by the kernel", { skip }, async (context) => {
  const { directory, threads } = openGroups(context);
  const patient = { suspectMs: 60_000, spinMs: 60_000, busyMs: 60_000, silentMs: 60_000 };
  const bed = new HostBed(context, {
    threads,
    watchdog: patient,
    lifecycle: { drainTimeoutMs: 100 },
    workerPreload: new URL("./testing/fault-preload.ts", import.meta.url).href,
  });
  const app = await startApp(context);
  await bed.serve(CART, app.port, { cpuMilli: 100 });
  const { inbound } = await bed.serve(FRONT, app.port);
  await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "11000");
  const before = throttledPeriods(directory, "shop_cart");
  orderFault({ app: CART, fault: "endless-loop" });
  await until(() => throttledPeriods(directory, "shop_cart") >= before + 3);
  assert.equal((await send({ port: inbound })).statusCode, 200);
  assert.equal(throttledPeriods(directory, "shop_front"), 0);
});

test("what a host that was killed has left is removed, and nothing else", { skip }, (context) => {
  const { directory } = openGroups(context);
  // Above what the kernel gives to any process.
  const left = join(directory, "berth-thread-4194305-1-shop_cart");
  const ofAnother = join(directory, `berth-thread-${process.ppid}-1-shop_cart`);
  const foreign = join(directory, "somebody-else");
  for (const path of [left, ofAnother, foreign]) mkdirSync(path);
  openThreadCgroups({ kind: "at", directory }, silentLogger);
  assert.deepEqual([left, ofAnother, foreign].map(existsSync), [false, true, true]);
});

test(
  "a host that is killed is followed by one that clears up after it, and ends without a trace",
  { skip },
  async (context) => {
    const { directory } = openGroups(context);
    const app = await startApp(context);
    const proxy = await startProxy(context, ["--thread-cgroups", directory]);
    const { inbound } = await register(proxy.controlPort, app.port);
    await until(() => threadsOf(directory, "shop_cart").length === 1);
    const name = groupOf(directory, "shop_cart") ?? "";
    process.kill(threadCgroupOwner(name) ?? 0, "SIGKILL");
    await until(() => !existsSync(join(directory, name)));
    await until(() => threadsOf(directory, "shop_cart").length === 1);
    assert.equal((await send({ port: inbound })).statusCode, 200);
    proxy.process.kill("SIGTERM");
    assert.equal(await exitCode(proxy), 0);
    assert.equal(groupOf(directory, "shop_cart"), undefined);
  },
);

test("where the proxy itself has less than a quota, its own cap holds", { skip }, async (context) => {
  const { directory, threads } = openGroups(context);
  writeFileSync(join(directory, "cpu.cfs_quota_us"), "20000", { flag: "r+" });
  const bed = new HostBed(context, { threads });
  const app = await startApp(context);
  const { inbound } = await bed.serve(CART, app.port, { cpuMilli: 100 });
  await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "11000");
  bed.settings(CART, { cpuMilli: 400 });
  await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "-1");
  assert.ok(bed.host.hasThreadCgroups);
  assert.equal((await send({ port: inbound })).statusCode, 200);
});

test("where no group can be made, all is as it was, and a line says so", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "no-group-"));
  context.after(() => rmdirSync(directory));
  const warned: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: unknown) => void warned.push(fields) };
  const threads = openThreadCgroups({ kind: "at", directory }, logger);
  assert.equal(threads, undefined);
  assert.equal(warned.length, 1);
  assert.match(JSON.stringify(warned), /is no CPU control group/);
  assert.deepEqual(readdirSync(directory), []);
  const bed = new HostBed(context, { threads });
  const app = await startApp(context);
  const { inbound } = await bed.serve(CART, app.port, { cpuMilli: 400 });
  assert.equal((await send({ port: inbound })).statusCode, 200);
  assert.match(new ProxyMetrics(bed.host).render(), /^berth_proxy_thread_cgroups 0$/m);
});

test(
  "an instance whose group is taken away serves on, and its next thread has one again",
  { skip },
  async (context) => {
    const { directory, threads } = openGroups(context);
    const bed = new HostBed(context, { threads });
    const app = await startApp(context);
    const { inbound } = await bed.serve(CART, app.port, { cpuMilli: 400 });
    await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "44000");
    const [id = ""] = threadsOf(directory, "shop_cart");
    writeFileSync(join(directory, "tasks"), id, { flag: "r+" });
    rmdirSync(join(directory, groupOf(directory, "shop_cart") ?? ""));
    bed.settings(CART, { cpuMilli: 500 });
    await until(() => !bed.host.hasThreadCgroups);
    assert.equal((await send({ port: inbound })).statusCode, 200);

    // Another bound of the heap takes another thread.
    bed.settings(CART, { cpuMilli: 500, memoryBytes: 100 * 1024 ** 2 });
    await until(() => value(directory, "shop_cart", "cpu.cfs_quota_us") === "55000");
    assert.equal(threadsOf(directory, "shop_cart").length, 1);
    assert.ok(bed.host.hasThreadCgroups);
  },
);

interface Groups {
  readonly directory: string;
  readonly threads: ThreadCgroups;
}

/** In a directory of the test's own. */
function openGroups(context: TestContext): Groups {
  assert.ok(writable !== undefined);
  const directory = mkdtempSync(join(writable, "berth-test-"));
  // Hooks run in the order in which they are set: the bed's end comes after this.
  context.after(() => void endings.add(directory));
  const threads = openThreadCgroups({ kind: "at", directory }, silentLogger);
  assert.ok(threads !== undefined);
  return { directory, threads };
}

const endings = new Set<string>();

process.on("exit", () => {
  for (const directory of endings) {
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) rmdirSync(join(directory, entry.name));
    rmdirSync(directory);
  }
});

function writableGroup(): string | undefined {
  try {
    const own = ownCpuGroup({
      cgroup: readFileSync("/proc/self/cgroup", "utf8"),
      mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
    });
    if (own?.version !== "v1") return undefined;
    rmdirSync(mkdtempSync(join(own.directory, "berth-test-")));
    return own.directory;
  } catch {
    // No Linux, or not ours to write: the tests say that they were left out.
    return undefined;
  }
}

function groupOf(directory: string, app: string): string | undefined {
  return readdirSync(directory).find((name) => name.startsWith("berth-thread-") && name.endsWith(`-${app}`));
}

function value(directory: string, app: string, file: string): string | undefined {
  const path = join(directory, groupOf(directory, app) ?? "", file);
  return groupOf(directory, app) !== undefined && existsSync(path)
    ? readFileSync(path, "utf8").trim()
    : undefined;
}

function threadsOf(directory: string, app: string): readonly string[] {
  return value(directory, app, "tasks")?.split("\n").filter(Boolean) ?? [];
}

function throttledPeriods(directory: string, app: string): number {
  const [, periods] = /^nr_throttled (\d+)$/m.exec(value(directory, app, "cpu.stat") ?? "") ?? [];
  return Number(periods);
}

function sharesOf(cpuMilli: number): Shares {
  const guaranteed = { cpuMilli, memoryBytes: 128 * 1024 ** 2 };
  return { version: 1, apps: new Map([[CART, { guaranteed, cap: guaranteed }]]) };
}
