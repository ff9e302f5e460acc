// CPU in integer millicores and memory in integer bytes: the two resources a node proxy is sized in.

export interface Resources {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export const noResources: Resources = { cpuMilli: 0, memoryBytes: 0 };

export function addResources(a: Resources, b: Resources): Resources {
  return { cpuMilli: a.cpuMilli + b.cpuMilli, memoryBytes: a.memoryBytes + b.memoryBytes };
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return { cpuMilli: a.cpuMilli - b.cpuMilli, memoryBytes: a.memoryBytes - b.memoryBytes };
}

export function scaleResources(a: Resources, factor: number): Resources {
  return { cpuMilli: a.cpuMilli * factor, memoryBytes: a.memoryBytes * factor };
}

/** The larger of the two, resource by resource. */
export function maxResources(a: Resources, b: Resources): Resources {
  return {
    cpuMilli: Math.max(a.cpuMilli, b.cpuMilli),
    memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
  };
}

/** The smaller of the two, resource by resource. */
export function minResources(a: Resources, b: Resources): Resources {
  return {
    cpuMilli: Math.min(a.cpuMilli, b.cpuMilli),
    memoryBytes: Math.min(a.memoryBytes, b.memoryBytes),
  };
}

/** Requests round up to whole units. */
export function ceilResources(a: Resources): Resources {
  return { cpuMilli: Math.ceil(a.cpuMilli), memoryBytes: Math.ceil(a.memoryBytes) };
}

/** True if every resource of `a` is at most that of `b`. */
export function isWithin(a: Resources, b: Resources): boolean {
  return a.cpuMilli <= b.cpuMilli && a.memoryBytes <= b.memoryBytes;
}

export function equalResources(a: Resources, b: Resources): boolean {
  return a.cpuMilli === b.cpuMilli && a.memoryBytes === b.memoryBytes;
}
