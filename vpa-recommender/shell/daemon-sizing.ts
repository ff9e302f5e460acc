// Sizes the pods of one DaemonSet that is no node proxy: their watch, their usage from metrics.k8s.io, their model and
// their sizing loop.

import { formatSelector } from "#kube/query.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { Reflector } from "#kube/reflector.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { StoredAutoscaler } from "#kube/node-proxy-autoscaler-schema.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { DaemonModel } from "../policy/daemon-model.ts";
import type { DemandOptions } from "../policy/node-demand.ts";
import type { PlannerOptions } from "../policy/resize-planner.ts";
import type { TargetDaemonSet } from "./target-daemon-set.ts";
import { DaemonSubject, type DaemonSubjectOptions } from "./daemon-subject.ts";
import { decodeProxyPod, type ProxyPod } from "./proxy-pod.ts";
import { SizingLoop, type SizingLoopOptions } from "./sizing-loop.ts";
import { readPodUsage } from "./usage-source.ts";

export type DaemonContext = Omit<SizingLoopOptions, "subject"> &
  Pick<DaemonSubjectOptions, "ledger" | "census" | "autoscalers"> & {
    readonly connection: KubeConnection;
    readonly defaults: PlannerOptions;
    readonly demand: DemandOptions;
    readonly logger: Logger;
    /** Gives a new model what was learned before; by namespace and name of its autoscaler. */
    readonly restore?: (autoscaler: string, model: DaemonModel) => void;
  };

export class DaemonSizing {
  readonly sizing: SizingLoop;
  readonly target: TargetDaemonSet;
  readonly #context: DaemonContext;
  readonly #namespace: string;
  readonly model: DaemonModel;
  readonly #pods: Reflector<ProxyPod>;

  constructor(autoscaler: StoredAutoscaler, target: TargetDaemonSet, context: DaemonContext) {
    const { connection, clock, logger } = context;
    this.target = target;
    this.#context = context;
    this.#namespace = autoscaler.namespace;
    this.model = new DaemonModel(target.requests, context.demand);
    context.restore?.(`${autoscaler.namespace}/${autoscaler.name}`, this.model);
    const subject = new DaemonSubject({ ...context, model: this.model, nowMs: () => clock.nowMs() });
    this.sizing = new SizingLoop({ ...context, subject });
    this.#pods = new Reflector({
      connection,
      path: resourcePath({ ...PODS, namespace: autoscaler.namespace }),
      query: { labelSelector: formatSelector(target.matchLabels) },
      decode: (raw) => decodeProxyPod(raw, autoscaler.container),
      handlers: {
        upserted: (pod) => this.sizing.proxySeen(pod),
        deleted: (pod) => this.sizing.proxyGone(pod),
      },
      clock: systemClock(),
      random: Math.random,
      logger,
      name: `pods of ${autoscaler.namespace}/${autoscaler.target}`,
    });
    this.#pods.start();
  }

  /** Reads the pods' usage once and plans what follows from it. */
  async readUsage(): Promise<void> {
    const { connection, ledger, census, clock, metrics, logger } = this.#context;
    try {
      const labelSelector = formatSelector(this.target.matchLabels);
      const usage = await readPodUsage(connection, { labelSelector, namespace: this.#namespace });
      const used = new Map(usage.map((pod) => [pod.name, pod]));
      const nowMs = clock.nowMs();
      for (const pod of this.sizing.proxies()) {
        const node = pod.nodeName === undefined ? undefined : ledger.node(pod.nodeName);
        const reading = used.get(pod.name);
        if (node === undefined || reading === undefined) continue;
        const { name, allocatable } = node;
        const fault = this.model.observe(
          { name, allocatable, workloads: census.of(name) },
          { used: reading.used, timeMs: reading.timeMs ?? nowMs, limit: pod.limits },
          nowMs,
        );
        if (fault === undefined) this.sizing.markDirty(name);
        else metrics.usageLeftOut(fault);
      }
      metrics.usageRead("ok");
    } catch (error) {
      // The pods keep their size; the metric tells for how long.
      metrics.usageRead("failed");
      logger.warn({ error: (error as Error).message }, "usage not read");
    }
  }

  /** Resolves once its pods were seen as of that version. */
  async whenObserved(resourceVersion: number): Promise<void> {
    await this.#pods.whenObserved(resourceVersion);
  }

  async stop(): Promise<void> {
    this.sizing.stop();
    await this.#pods.stop();
  }
}
