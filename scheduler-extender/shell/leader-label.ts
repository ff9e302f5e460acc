// Keeps the label that the Service selects on the pod of the replica that leads, and on no other: every synced replica is
// Ready, and verbs and webhook still reach one ledger. A leader takes the label off predecessors that could not do so
// themselves; a replica that does not lead takes off its own, also one that it finds after its container was restarted.
// That a request may still reach the wrong replica while the label moves is harmless: it is refused there.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LogGate } from "#kube/log-gate.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";

/** Its value is the Lease's name, so that other components' leaders are not meant. */
export const LEADER_LABEL = "berth.dev/leader-of";

export interface LeaderLabelOptions {
  readonly connection: Pick<KubeConnection, "get" | "patch">;
  readonly namespace: string;
  /** This replica's own. */
  readonly podName: string;
  /** The Lease's name. */
  readonly leaderOf: string;
  readonly isLeader: () => boolean;
  /** The machine's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What someone else takes off or puts on is mended within this time; one small list per replica. */
const LOOK_MS = 5_000;
const RETRY_MS = 500;
const LOG_INTERVAL_MS = 60_000;
/** A candidate looks at the Lease every second and labels itself at once. */
const SUCCESSION_MS_MAX = 3_000;
const SUCCESSION_LOOK_MS = 100;

export class LeaderLabel {
  readonly #options: LeaderLabelOptions;
  readonly #failureGate: LogGate;
  #work: Promise<void> = Promise.resolve();
  #cancel: Cancel = () => undefined;
  #isStopped = false;
  /** Left as it is, whoever leads. */
  #isHeld = false;

  constructor(options: LeaderLabelOptions) {
    this.#options = options;
    this.#failureGate = new LogGate(options.clock, LOG_INTERVAL_MS);
  }

  /** Looks now, and again every few seconds; to be called whenever leadership changes. */
  refresh(): void {
    this.#work = this.#work.then(() => this.#lookAndGoOn());
  }

  /**
   * Gives the leadership up, but leaves the label until a successor has it: webhooks are answered by this replica until
   * then, which knows the apps' ports as well as any. A pod that ends is reached only where no other is (kube-proxy's
   * serving endpoints that terminate). Never rejects unless `giveUp` does.
   */
  async handOver(giveUp: () => Promise<void>): Promise<void> {
    this.#isHeld = true;
    await giveUp();
    for (let waitedMs = 0; waitedMs < SUCCESSION_MS_MAX; waitedMs += SUCCESSION_LOOK_MS) {
      if (await this.#isSucceeded()) break;
      await new Promise<void>((resolve) => this.#options.clock.after(SUCCESSION_LOOK_MS, resolve));
    }
    this.#isHeld = false;
    await this.stop();
  }

  /** Takes the label off this pod and leaves it off. Never rejects: the next leader takes it off, too. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.refresh();
    await this.#work;
  }

  async #lookAndGoOn(): Promise<void> {
    this.#cancel();
    const isDone = await this.#attempt();
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(isDone ? LOOK_MS : RETRY_MS, () => this.refresh());
  }

  async #attempt(): Promise<boolean> {
    try {
      await this.#look();
      return true;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const { logger, podName } = this.#options;
      this.#failureGate.pass((suppressed) =>
        logger.warn({ pod: podName, error: error.message, suppressed }, "leader label not kept"),
      );
      return false;
    }
  }

  async #isSucceeded(): Promise<boolean> {
    try {
      return !(await this.#labelledPods()).includes(this.#options.podName);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return false;
    }
  }

  async #look(): Promise<void> {
    if (this.#isHeld) return;
    const { podName } = this.#options;
    const labelled = await this.#labelledPods();
    if (!this.#leads) {
      if (labelled.includes(podName)) await this.#write(podName, null);
      return;
    }
    // Its own comes last: for a moment nobody is selected rather than two.
    for (const other of labelled) if (other !== podName) await this.#write(other, null);
    if (this.#leads && !labelled.includes(podName)) await this.#write(podName, this.#options.leaderOf);
  }

  get #leads(): boolean {
    return !this.#isStopped && this.#options.isLeader();
  }

  async #labelledPods(): Promise<readonly string[]> {
    const { connection, namespace, leaderOf } = this.#options;
    const labelSelector = `${LEADER_LABEL}=${leaderOf}`;
    const { items } = (await connection.get(resourcePath({ ...PODS, namespace }), { labelSelector })) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    return items.map(({ metadata }) => metadata.name);
  }

  async #write(name: string, value: string | null): Promise<void> {
    const { connection, namespace, logger } = this.#options;
    const path = resourcePath({ ...PODS, namespace, name });
    try {
      await connection.patch(path, { metadata: { labels: { [LEADER_LABEL]: value } } }, { type: "merge" });
    } catch (error) {
      // A pod that is gone has no label any more.
      if (value === null && isNotFound(error)) return;
      throw error;
    }
    logger.info({ pod: name, labelled: value !== null }, "leader label moved");
  }
}
