// Which replica answers. All of them watch the cluster and are Ready; the one that holds the Lease has one ledger that
// everyone asks, labels its pod for the Service, and hands over in good order. A replica stands for election only when
// its ledger is whole, so that whoever takes over knows every bound and nominated pod before it answers.

import type { FastifyInstance } from "fastify";
import type { ClusterLedger } from "#model/ledger.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LeaderElector } from "#kube/lease.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { ExtenderMetrics } from "./extender-metrics.ts";
import { connectionsOfLeader } from "./leader-connections.ts";
import { LeaderLabel } from "./leader-label.ts";
import { promisesEnded } from "./promises-ended.ts";

export interface LeadershipOptions {
  readonly connection: Pick<KubeConnection, "request" | "get" | "patch">;
  readonly ledger: ClusterLedger;
  readonly metrics: Pick<ExtenderMetrics, "leadershipChanged">;
  readonly settings: {
    readonly leaseNamespace: string;
    readonly identity: string;
    /** The pod to label; none is if it is undefined. */
    readonly podName?: string | undefined;
    /** Answers always, and never counts as the leader. */
    readonly withoutLease: boolean;
  };
  /** The machine's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Name of the Lease, and value of the leader's label. */
export const EXTENDER_LEASE = "berth-scheduler-extender";

export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #elector: LeaderElector;
  readonly #label: LeaderLabel | undefined;
  readonly #began = Promise.withResolvers<void>();
  #closeIdleConnections: () => void = () => undefined;
  #isLeaving = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    const { settings, metrics, ledger, ...shared } = options;
    this.#elector = new LeaderElector({
      ...shared,
      namespace: settings.leaseNamespace,
      name: EXTENDER_LEASE,
      identity: settings.identity,
      random: Math.random,
      onStarted: () => {
        this.#began.resolve();
        metrics.leadershipChanged(true);
        this.#label?.refresh();
      },
      onLost: () => {
        metrics.leadershipChanged(false);
        // The next leader answers now, and will have given this room to others when this one leads again.
        ledger.expire(Infinity);
        this.#closeIdleConnections();
        this.#label?.refresh();
      },
    });
    const { leaseNamespace: namespace, podName } = settings;
    if (podName !== undefined) {
      const isLeader = (): boolean => this.isLeader;
      this.#label = new LeaderLabel({ ...shared, namespace, podName, leaderOf: EXTENDER_LEASE, isLeader });
    }
  }

  /** Holds the Lease, and may do what only one replica does. */
  get isLeader(): boolean {
    return this.#elector.isLeader;
  }

  /** Why verbs are to be asked elsewhere; empty for the replica that answers. */
  notAnsweringReasons(): readonly string[] {
    if (this.#isLeaving) return ["stopping"];
    if (this.isLeader || this.#options.settings.withoutLease) return [];
    return [`not leading; ${this.#elector.holder ?? "nobody"} does`];
  }

  /** Has the server let go of its callers whenever this replica does not answer. Call before routes are registered. */
  guard(server: FastifyInstance): void {
    const isAnswering = (): boolean => this.notAnsweringReasons().length === 0;
    this.#closeIdleConnections = connectionsOfLeader(server, isAnswering);
  }

  /** Call once the ledger is whole. */
  stand(): void {
    if (this.#options.settings.withoutLease) return this.#began.resolve();
    this.#label?.refresh();
    this.#elector.start();
  }

  /** Resolves when this replica has led, or answers without a Lease. */
  async whenBegun(): Promise<void> {
    await this.#began.promise;
  }

  /** Hands over: no more answers to verbs, the last promises bound, the Lease given back, and off the Service at last. */
  async stop(): Promise<void> {
    const { ledger, clock } = this.#options;
    this.#isLeaving = true;
    if (this.#label === undefined || !this.isLeader) {
      await this.#label?.stop();
      return this.#elector.stop();
    }
    await promisesEnded(ledger, clock);
    await this.#label.handOver(() => this.#elector.stop());
  }
}
