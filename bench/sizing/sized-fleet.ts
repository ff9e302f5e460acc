// The fleet whose proxies are to be sized: apps with their traffic, nodes, and which of an app's pods run where. Pods of an
// app are packed a few per node; every day some apps move on (a rollout), some grow by day and shrink by night.

import { SeededRandom } from "#sim/seeded-random.ts";

export interface FleetOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly apps: number;
  readonly days: number;
}

export interface SizedApp {
  readonly name: string;
  /** Mean requests per second of one pod. */
  readonly podRate: number;
  readonly connectionsPerPod: number;
  readonly bodyBytes: number;
  /** How much dearer its requests are than those that were measured. */
  readonly dearness: number;
  /** Which curves it follows. */
  readonly requestShape: number;
  readonly clientShape: number;
  /** Where its day begins against the curve's, as a share of a day. */
  readonly phase: number;
}

/** How many pods an app has on a node from a minute on. */
export interface PodChange {
  readonly minute: number;
  readonly node: number;
  readonly app: number;
  readonly pods: number;
}

export interface SizedFleet {
  readonly apps: readonly SizedApp[];
  readonly nodes: number;
  readonly minutes: number;
  /** In order of time. */
  readonly changes: readonly PodChange[];
}

const DAY_MINUTES = 1440;
const PODS_PER_NODE = 20;
/** Pods of one app on a node where placement shares instances. */
const TOGETHER = 3;
const ROLLOUTS_PER_DAY = 0.25;
const ROLLOUT_MINUTES = 15;
const AUTOSCALED_SHARE = 0.2;

export function sizedFleet({ seed, nodes, apps: appCount, days }: FleetOptions): SizedFleet {
  const random = new SeededRandom(seed);
  const apps = Array.from({ length: appCount }, (_, index) => sizedApp(index, random));
  const changes: PodChange[] = [];
  const replicas = Math.max(2, Math.round((nodes * PODS_PER_NODE) / appCount));
  for (let app = 0; app < appCount; app++) lifeOfApp({ app, replicas, nodes, days, random, changes });
  changes.sort((a, b) => a.minute - b.minute);
  return { apps, nodes, minutes: days * DAY_MINUTES, changes };
}

function sizedApp(index: number, random: SeededRandom): SizedApp {
  return {
    name: `shop/app-${index}`,
    podRate: Math.min(300, 20 * Math.exp(1.0 * random.normal())),
    connectionsPerPod: Math.round(4 * Math.exp(0.7 * Math.abs(random.normal()))),
    bodyBytes: Math.round(Math.exp(random.between(Math.log(1024), Math.log(32 * 1024)))),
    dearness: Math.exp(0.3 * random.normal()),
    requestShape: random.integer(1_000_000),
    clientShape: random.integer(1_000_000),
    phase: random.next() < 0.7 ? random.between(0, 0.1) : random.next(),
  };
}

interface Life {
  readonly app: number;
  readonly replicas: number;
  readonly nodes: number;
  readonly days: number;
  readonly random: SeededRandom;
  readonly changes: PodChange[];
}

function lifeOfApp(life: Life): void {
  const { app, replicas, nodes, random, changes } = life;
  const count = Math.max(1, Math.round(replicas * random.between(0.5, 1.5)));
  const homes = chooseHomes(count, nodes, random);
  for (const [node, pods] of homes) changes.push({ minute: 0, node, app, pods });
  if (random.next() < AUTOSCALED_SHARE) scaleByDay(life, homes);
  else rollOut(life, homes);
}

function scaleByDay({ app, days, random, changes }: Life, homes: ReadonlyMap<number, number>): void {
  for (let day = 0; day < days; day++) {
    for (const [node, pods] of homes) {
      changes.push({ minute: day * DAY_MINUTES + 8 * 60 + random.integer(60), node, app, pods: pods + 1 });
      changes.push({ minute: day * DAY_MINUTES + 20 * 60 + random.integer(60), node, app, pods });
    }
  }
}

function rollOut({ app, nodes, days, random, changes }: Life, firstHomes: ReadonlyMap<number, number>): void {
  let homes = firstHomes;
  const count = [...homes.values()].reduce((sum, pods) => sum + pods, 0);
  for (let day = 0; day < days; day++) {
    if (random.next() >= ROLLOUTS_PER_DAY) continue;
    const startMinute = day * DAY_MINUTES + random.integer(DAY_MINUTES - ROLLOUT_MINUTES);
    const [before, after] = [homes, chooseHomes(count, nodes, random)];
    for (const node of new Set([...before.keys(), ...after.keys()]))
      changes.push({
        minute: startMinute + random.integer(ROLLOUT_MINUTES),
        node,
        app,
        pods: after.get(node) ?? 0,
      });
    homes = after;
  }
}

function chooseHomes(pods: number, nodes: number, random: SeededRandom): Map<number, number> {
  const homes = new Map<number, number>();
  for (let left = pods; left > 0;) {
    const node = random.integer(nodes);
    const group = Math.min(left, TOGETHER);
    homes.set(node, (homes.get(node) ?? 0) + group);
    left -= group;
  }
  return homes;
}
