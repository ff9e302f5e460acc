// How many pods each controller wants, and how many of them have a node or a promise: what tells how many are to come.

interface OwnerCount {
  replicas: number;
  placed: number;
}

export class OwnerCounts {
  readonly #owners = new Map<string, OwnerCount>();

  /** What the owner still lacks; negative while it has too many. */
  lacking(uid: string): number {
    const owner = this.#owners.get(uid);
    return owner === undefined ? 0 : owner.replicas - owner.placed;
  }

  /** How many it wants; 0 for one that nothing is known of. */
  replicas(uid: string): number {
    return this.#owners.get(uid)?.replicas ?? 0;
  }

  /** 0 for one that is gone. */
  setReplicas(uid: string, replicas: number): void {
    const owner = this.#owners.get(uid);
    if (owner === undefined) {
      if (replicas !== 0) this.#owners.set(uid, { replicas, placed: 0 });
      return;
    }
    owner.replicas = replicas;
    this.#dropIfIdle(uid, owner);
  }

  place(uid: string, pods: 1 | -1): void {
    const owner = this.#owners.get(uid);
    if (owner === undefined) return void this.#owners.set(uid, { replicas: 0, placed: pods });
    owner.placed += pods;
    this.#dropIfIdle(uid, owner);
  }

  #dropIfIdle(uid: string, { replicas, placed }: OwnerCount): void {
    if (replicas === 0 && placed === 0) this.#owners.delete(uid);
  }
}
