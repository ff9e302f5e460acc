// Whether another proxy of this node is to be reckoned with, as kubelet's word on the node's proxy pods has it. A process
// that is slow to start makes itself known late, but its pod is known as soon as it is bound, long before kubelet asks
// whether it has started, and before the present one is told to end.

export interface ProxyPodView {
  readonly uid: string;
  readonly name: string;
  /** Pods of one DaemonSet follow each other; a pod without an owner follows any other such pod. */
  readonly ownerUid: string | undefined;
  /** Kubelet has had its good answer to the startup probe. */
  readonly isStarted: boolean;
  /** Kubelet may have a process in it now or soon: its image is there, and it is not waiting after a crash. */
  readonly mayRun: boolean;
  /** Its deletion is asked for, or it has ended for good. */
  readonly isLeaving: boolean;
}

export interface Succession {
  /** Another proxy of this node is there or about to be, and means to stay. */
  readonly isExpected: boolean;
  /** And it has not started, while this one has: what kubelet asks about a start-up, it asks about that one. */
  readonly isStarting: boolean;
}

export const NO_SUCCESSION: Succession = { isExpected: false, isStarting: false };

/** @param ownName of the pod that this proxy runs in. */
export function successionOf(pods: Iterable<ProxyPodView>, ownName: string): Succession {
  const all = [...pods];
  const own = all.find(({ name }) => name === ownName);
  if (own === undefined) return NO_SUCCESSION;
  const others = all.filter(
    ({ uid, ownerUid, mayRun, isLeaving }) =>
      uid !== own.uid && ownerUid === own.ownerUid && mayRun && !isLeaving,
  );
  return {
    isExpected: others.length > 0,
    // A proxy whose own container has just been restarted answers for itself, or kubelet would never call it started.
    isStarting: own.isStarted && others.some(({ isStarted }) => !isStarted),
  };
}
