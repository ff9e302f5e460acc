// What a node's proxy would use in a minute if it had all it wants. No policy may look into these figures but through what
// a proxy shows of them.

export interface NodeMinute {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly instances: readonly InstanceMinute[];
}

/** What an instance shows of itself in a minute; before any limit of the proxy's. */
export interface InstanceMinute {
  /** Of the apps that are played, by number. */
  readonly app: number;
  readonly pods: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}
