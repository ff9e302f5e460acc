// Two apps with guarantees in one proxy: one is flooded while the other is idle, and then both. How much of the idle
// guarantee is used, and how soon it is given back.

import type { AppName } from "#model/brand.ts";

import type { Neighbours } from "./neighbours.ts";
import { rounded } from "./neighbours.ts";
import { startLoadProcess } from "./load-process.ts";
import { pause } from "./shared-node.ts";
import type { SharedNode } from "./shared-node.ts";

export interface LendingFigures {
  readonly guaranteedShare: number;
  /** What the borrower is limited to while the lender is idle, and used of a core. */
  readonly lentShare: number;
  readonly usedShare: number;
  /** From the lender's first request until the borrower used no more than what is left to it; null if it never did. */
  readonly givenBackMs: number | null;
}

const MIB = 1024 ** 2;
const BORROWER = { guaranteed: 100, cap: 400 };
const LENDER = { guaranteed: 300, cap: 400 };
const FLOOD_CONNECTIONS = 32;
const WINDOW_MS = 150;
const PATIENCE_MS = 5_000;

export async function measureLending(
  node: SharedNode,
  neighbours: Neighbours,
  ports: { readonly lender: number; readonly borrower: number },
): Promise<LendingFigures> {
  const share = ({ guaranteed, cap }: typeof BORROWER) => ({
    guaranteed: { cpuMilli: guaranteed, memoryBytes: 64 * MIB },
    cap: { cpuMilli: cap, memoryBytes: 256 * MIB },
  });
  const apps = new Map([
    ["default/neighbour" as AppName, share(BORROWER)],
    ["default/victim" as AppName, share(LENDER)],
  ]);
  node.setShares({ version: 1, apps });
  neighbours.flood(ports.borrower);
  await pause(1_000);
  const usedShare = await used(node, 1_500);
  const lentShare = await limit(node);
  const lender = startLoadProcess();
  lender.tell({ kind: "flood", port: ports.lender, connections: FLOOD_CONNECTIONS });
  const startedMs = performance.now();
  let givenBackMs: number | null = null;
  while (givenBackMs === null && performance.now() - startedMs < PATIENCE_MS) {
    const left = await limit(node);
    // A window's end may lie within a burst of what was saved.
    if ((await used(node, WINDOW_MS)) <= left * 1.2 && left < lentShare)
      givenBackMs = Math.round(performance.now() - startedMs);
  }
  lender.kill();
  await neighbours.stopFlood();
  return { guaranteedShare: BORROWER.guaranteed / 1000, lentShare, usedShare, givenBackMs };
}

async function borrower(node: SharedNode) {
  const instance = (await node.instances()).find(({ app }) => app === "default/neighbour");
  if (instance === undefined) throw new Error("the borrower has gone");
  return instance;
}

async function limit(node: SharedNode): Promise<number> {
  return rounded(((await borrower(node)).limits.cpuMilli ?? Number.POSITIVE_INFINITY) / 1000);
}

/** Of a core. */
async function used(node: SharedNode, ms: number): Promise<number> {
  const before = await borrower(node);
  const startedMs = performance.now();
  await pause(ms);
  const after = await borrower(node);
  return rounded((after.cpuSeconds - before.cpuSeconds) / ((performance.now() - startedMs) / 1000));
}
