// What the suite reads of a pod, as the API server sends it.

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    /** Raised by each change of the spec. */
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly name: string;
      readonly resources?: ContainerResources;
      readonly env?: readonly { readonly name: string }[];
    }[];
  };
  readonly status: {
    readonly phase?: string;
    /** Why it has failed. */
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly PodCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface ContainerResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly containerID?: string;
  /** What the container has, as kubelet read it. */
  readonly resources?: ContainerResources;
}

export function isReady({ status, metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && conditionOf({ status }, "Ready")?.status === "True";
}

export function conditionOf({ status }: Pick<Pod, "status">, type: string): PodCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}
