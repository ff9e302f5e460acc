// Two looks at one proxy's counters become what its instances used in between. What the process uses beyond its own base
// and its instances' own figures (collectors of garbage, the threads' own memory) is spread over the instances, so that
// they add up to what the node pays.

import type { AppName } from "#model/brand.ts";
import { maxResources, noResources, type Resources } from "#model/resources.ts";
import type { InstanceUsage } from "./instance-learner.ts";

/** What a proxy says of itself at one moment; counters only rise while its process lives. */
export interface ProxyCounters {
  readonly timeMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly instances: ReadonlyMap<AppName, InstanceCounters>;
}

export interface InstanceCounters {
  readonly pods: number;
  readonly connections: number;
  readonly requests: number;
  readonly cpuSeconds: number;
  readonly cpuHeldSeconds: number;
  readonly memoryBytes: number;
}

export interface ProxyUsage {
  readonly used: Resources;
  readonly instances: ReadonlyMap<AppName, InstanceUsage>;
}

/** Shorter ones are mostly noise, and longer ones an average of too many states. */
export const INTERVAL_MS_MIN = 5_000;
const INTERVAL_MS_MAX = 10 * 60_000;
/** Held back for longer than this share of the time, CPU is a lower bound. */
const HELD_SHARE_MAX = 0.02;

/** Undefined if the two looks are not of one process, or too close or too far apart. */
export function usageBetween(
  before: ProxyCounters,
  after: ProxyCounters,
  proxyBase: Resources,
): ProxyUsage | undefined {
  const elapsedMs = after.timeMs - before.timeMs;
  if (elapsedMs < INTERVAL_MS_MIN || elapsedMs > INTERVAL_MS_MAX) return undefined;
  if (after.cpuSeconds < before.cpuSeconds) return undefined;
  const seconds = elapsedMs / 1000;
  const milli = (from: number, to: number): number => ((to - from) / seconds) * 1000;
  const used = { cpuMilli: milli(before.cpuSeconds, after.cpuSeconds), memoryBytes: after.residentBytes };
  const own = new Map<AppName, InstanceUsage>();
  for (const [app, now] of after.instances) {
    const then = before.instances.get(app);
    // A new instance, or one whose counts began anew: there is nothing to compare with.
    if (then === undefined || now.cpuSeconds < then.cpuSeconds || now.requests < then.requests) continue;
    // While pods come and go it is not known whose usage this was.
    if (now.pods === 0 || now.pods !== then.pods) continue;
    own.set(app, {
      pods: now.pods,
      connections: (then.connections + now.connections) / 2,
      kiloRps: (now.requests - then.requests) / seconds / 1000,
      used: { cpuMilli: milli(then.cpuSeconds, now.cpuSeconds), memoryBytes: now.memoryBytes },
      isThrottled: now.cpuHeldSeconds - then.cpuHeldSeconds > HELD_SHARE_MAX * seconds,
    });
  }
  const rest = unattributed(used, { before, after, proxyBase, seconds });
  return { used, instances: own.size === 0 ? own : spread(own, rest, after.instances.size) };
}

interface Accounted {
  readonly before: ProxyCounters;
  readonly after: ProxyCounters;
  readonly proxyBase: Resources;
  readonly seconds: number;
}

function unattributed(used: Resources, { before, after, proxyBase, seconds }: Accounted): Resources {
  let { cpuMilli, memoryBytes } = proxyBase;
  for (const [app, now] of after.instances) {
    const then = before.instances.get(app);
    cpuMilli += (Math.max(0, now.cpuSeconds - (then?.cpuSeconds ?? 0)) / seconds) * 1000;
    memoryBytes += now.memoryBytes;
  }
  return maxResources(noResources, {
    cpuMilli: used.cpuMilli - cpuMilli,
    memoryBytes: used.memoryBytes - memoryBytes,
  });
}

// Memory that no instance calls its own is the same for each; CPU of the collectors follows the work.
function spread(
  own: ReadonlyMap<AppName, InstanceUsage>,
  rest: Resources,
  instances: number,
): ReadonlyMap<AppName, InstanceUsage> {
  const cpuSum = [...own.values()].reduce((sum, { used }) => sum + used.cpuMilli, 0);
  return new Map(
    [...own].map(([app, usage]) => {
      const { cpuMilli, memoryBytes } = usage.used;
      const part = cpuSum === 0 ? 0 : cpuMilli / cpuSum;
      const used = {
        cpuMilli: cpuMilli + part * rest.cpuMilli,
        memoryBytes: memoryBytes + rest.memoryBytes / instances,
      };
      return [app, { ...usage, used }];
    }),
  );
}
