// Keeps every instance within its share of the proxy: asks the arbiter several times a second what each may use now, and
// tells those for whom that has changed, and the kernel where it holds their threads.

import type { AppName } from "#model/brand.ts";
import type { Shares } from "#model/shares.ts";

import { arbitrate } from "../policy/share-arbiter.ts";
import type { ShareClaim } from "../policy/share-arbiter.ts";
import type { ThreadClaim } from "../policy/thread-cgroup.ts";
import type { Instance } from "./instance.ts";
import type { ThreadCgroups } from "./thread-cgroups.ts";

/** Lent CPU comes back within this and a heartbeat of the instance. */
export const SHARE_TURN_MS = 100;
const CPU_MILLI_MIN = 10;
/** An idle instance takes a quarter of this. */
const MEMORY_BYTES_MIN = 48 * 1024 ** 2;
/** An instance near its limit would use more if it could: at 70 % of its memory it begins to refuse requests. */
const NEED_SHARE = { cpu: 0.9, memory: 0.6 };
/** A limit that moved by less is not worth a message. */
const CHANGE_MIN = 0.02;

interface Measured {
  readonly cpuSeconds: number;
  readonly heldSeconds: number;
}

interface Limits {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export class ShareKeeper {
  readonly #threads: ThreadCgroups | undefined;
  #shares: Shares | undefined;
  readonly #measured = new Map<AppName, Measured>();
  readonly #limits = new Map<AppName, Limits>();

  /** @param threads absent: the instances hold themselves alone. */
  constructor(threads?: ThreadCgroups | undefined) {
    this.#threads = threads;
  }

  get version(): number | undefined {
    return this.#shares?.version;
  }

  limits(app: AppName): Limits | undefined {
    return this.#limits.get(app);
  }

  /** Holds from the next turn on. Of two versions the higher one counts; undefined: nothing is shared any more. */
  change(shares: Shares | undefined): void {
    if (shares !== undefined && this.#shares !== undefined && shares.version < this.#shares.version) return;
    this.#shares = shares;
  }

  turn(instances: readonly Instance[], elapsedMs: number): void {
    this.#keep(instances, elapsedMs);
    this.#threads?.turn(instances.map((instance) => this.#threadClaim(instance)));
  }

  #keep(instances: readonly Instance[], elapsedMs: number): void {
    if (this.#shares === undefined && this.#limits.size === 0) return;
    const shared = instances.filter(({ app }) => this.#shares?.apps.has(app) === true);
    const cpu = arbitrate(
      shared.map((instance) => this.#cpuClaim(instance, elapsedMs)),
      CPU_MILLI_MIN,
    );
    const memory = arbitrate(
      shared.map((instance) => this.#memoryClaim(instance)),
      MEMORY_BYTES_MIN,
    );
    for (const instance of instances) {
      const { app } = instance;
      const cpuMilli = cpu.get(app);
      const memoryBytes = memory.get(app);
      if (cpuMilli === undefined || memoryBytes === undefined) this.#forget(instance);
      else this.#tell(instance, { cpuMilli, memoryBytes });
    }
    const present = new Set(instances.map(({ app }) => app));
    for (const app of this.#measured.keys()) if (!present.has(app)) this.#measured.delete(app);
    for (const app of this.#limits.keys()) if (!present.has(app)) this.#limits.delete(app);
  }

  #threadClaim({ app, limits }: Instance): ThreadClaim {
    const guaranteedMilli = this.#shares?.apps.get(app)?.guaranteed.cpuMilli;
    return { app, limitMilli: limits.cpuMilli, guaranteedMilli };
  }

  #cpuClaim(instance: Instance, elapsedMs: number): ShareClaim {
    const { app, cpuSeconds } = instance;
    const heldSeconds = instance.counters.total("cpuHeldSeconds");
    const before = this.#measured.get(app) ?? { cpuSeconds, heldSeconds };
    this.#measured.set(app, { cpuSeconds, heldSeconds });
    const used = ((cpuSeconds - before.cpuSeconds) * 1e6) / Math.max(1, elapsedMs);
    const limit = this.#limits.get(app)?.cpuMilli ?? Number.POSITIVE_INFINITY;
    const { guaranteed, cap } = this.#share(app);
    return {
      app,
      used,
      isInNeed: heldSeconds > before.heldSeconds || used > NEED_SHARE.cpu * limit,
      guaranteed: guaranteed.cpuMilli,
      cap: cap.cpuMilli,
    };
  }

  #memoryClaim({ app, counters }: Instance): ShareClaim {
    const used = counters.get("heapUsedBytes") + counters.get("externalBytes");
    const { guaranteed, cap } = this.#share(app);
    const limit = this.#limits.get(app)?.memoryBytes ?? cap.memoryBytes;
    const isInNeed = used > NEED_SHARE.memory * limit;
    return { app, used, isInNeed, guaranteed: guaranteed.memoryBytes, cap: cap.memoryBytes };
  }

  #share(app: AppName) {
    const none = { cpuMilli: 0, memoryBytes: 0 };
    return this.#shares?.apps.get(app) ?? { guaranteed: none, cap: none };
  }

  #tell(instance: Instance, limits: Limits): void {
    const before = this.#limits.get(instance.app);
    const hasMoved =
      before === undefined ||
      isFar(before.cpuMilli, limits.cpuMilli) ||
      isFar(before.memoryBytes, limits.memoryBytes);
    if (!hasMoved) return;
    this.#limits.set(instance.app, limits);
    instance.setShare({
      cpuMilli: Math.round(limits.cpuMilli),
      memoryBytes: Math.round(limits.memoryBytes),
    });
  }

  #forget(instance: Instance): void {
    if (this.#limits.delete(instance.app)) instance.setShare(undefined);
  }
}

function isFar(before: number, after: number): boolean {
  return Math.abs(after - before) > CHANGE_MIN * before;
}
