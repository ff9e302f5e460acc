// In kube-scheduler's place: watches pods and nodes over the API, runs one scheduling cycle at a time (plugins' filter,
// extender's filter, scores of both, choice), assumes the pod on its node, and binds beside the next cycles.

import { DecodeError } from "#kube/decode-pod.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { Reflector } from "#kube/reflector.ts";
import { NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { addExtenderScores, KubeSchedulerModel, selectHost } from "../policies/kube-scheduler.ts";
import { type NodeSpec, SchedulerCluster } from "../policies/scheduler-cluster.ts";
import { type SchedulerNode } from "../policies/scheduler-node.ts";
import { decodeDriverPod, decodeNodeSpec, type DriverPod } from "./decode-scheduling.ts";
import { ExtenderClient } from "./extender-client.ts";
import { SchedulerCache } from "./scheduler-cache.ts";
import { SchedulingQueue } from "./scheduling-queue.ts";

export interface SchedulerDriverOptions {
  readonly connection: KubeConnection;
  /** Base URL of the extender's verbs. */
  readonly extenderUrl: string;
  /** What backoff runs on. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * The weight that the documentation recommends: the default plugins' totals stay below 1,300 (weights 3 + 2 + 2 + 2 +
 * 1 + 1 + 1, times 100, and image locality), so one step of an extender's score, weight · 10, decides.
 */
export const EXTENDER_WEIGHT = 200;
/** All nodes are scored: a sample would rarely hold the one node where the app already runs. */
const PERCENTAGE_OF_NODES_TO_SCORE = 100;
/** Bindings underway at once. */
const BINDINGS_MAX = 32;

export class SchedulerDriver {
  readonly #options: SchedulerDriverOptions;
  readonly #cluster = new SchedulerCluster();
  readonly #cache = new SchedulerCache(this.#cluster);
  readonly #model = new KubeSchedulerModel(this.#cluster, {
    scoring: "LeastAllocated",
    percentageOfNodesToScore: PERCENTAGE_OF_NODES_TO_SCORE,
  });
  readonly #queue: SchedulingQueue;
  readonly #extender: ExtenderClient;
  readonly #nodes: Reflector<NodeSpec>;
  readonly #pods: Reflector<DriverPod>;
  readonly #bindings = new Set<Promise<void>>();
  #cycling: Promise<void> | undefined;
  #isAutomatic = false;
  #isStopped = false;

  constructor(options: SchedulerDriverOptions) {
    this.#options = options;
    this.#queue = new SchedulingQueue(options.clock, () => this.#wake());
    this.#extender = new ExtenderClient(options.extenderUrl);
    const { connection, random, logger } = options;
    const shared = { connection, random, logger, clock: systemClock() };
    this.#nodes = new Reflector<NodeSpec>({
      ...shared,
      path: resourcePath(NODES),
      name: "scheduler nodes",
      decode: decodeNodeSpec,
      handlers: {
        upserted: (node) => {
          this.#cache.putNode(node);
          this.#queue.moveAll();
        },
        deleted: ({ name }) => this.#cluster.removeNode(name),
      },
    });
    this.#pods = new Reflector<DriverPod>({
      ...shared,
      path: resourcePath(PODS),
      name: "scheduler pods",
      decode: decodeDriverPod,
      handlers: {
        upserted: (pod, previous) => this.#podSeen(pod, previous),
        deleted: (pod) => this.#podGone(pod),
      },
    });
  }

  /** Begins to watch. In automatic mode pods are scheduled as they come; otherwise when `drain` is called. */
  async start(mode: "automatic" | "onDemand"): Promise<void> {
    this.#nodes.start();
    await this.#nodes.whenSynced();
    this.#pods.start();
    await this.#pods.whenSynced();
    this.#isAutomatic = mode === "automatic";
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#queue.stop();
    await this.#cycling;
    await Promise.all([this.#nodes.stop(), this.#pods.stop(), ...this.#bindings]);
    await this.#extender.close();
  }

  /** Pods that wait for a node. */
  get pending(): number {
    return this.#queue.size;
  }

  get hasActive(): boolean {
    return this.#queue.hasActive;
  }

  async whenObserved(resourceVersion: number): Promise<void> {
    await Promise.all([this.#nodes.whenObserved(resourceVersion), this.#pods.whenObserved(resourceVersion)]);
  }

  /** Schedules all that may be scheduled now; resolves when every binding is answered. */
  async drain(): Promise<void> {
    await this.#cycle();
    while (this.#bindings.size > 0) await Promise.all(this.#bindings);
  }

  #wake(): void {
    if (this.#isAutomatic && !this.#isStopped) void this.#cycle();
  }

  #cycle(): Promise<void> {
    this.#cycling ??= this.#runCycles().finally(() => {
      this.#cycling = undefined;
      // A pod may have come between the last look at the queue and here.
      if (this.#queue.hasActive) this.#wake();
    });
    return this.#cycling;
  }

  async #runCycles(): Promise<void> {
    // Leave the watch's callback first, so that a batch of events is seen before the next choice.
    await Promise.resolve();
    for (let pod = this.#queue.next(); pod !== undefined; pod = this.#queue.next()) {
      await this.#schedule(pod);
      if (this.#isStopped) return;
      if (this.#bindings.size >= BINDINGS_MAX) await Promise.race(this.#bindings);
    }
  }

  async #schedule(pod: DriverPod): Promise<void> {
    const { uid } = pod.view;
    try {
      const node = await this.#choose(pod);
      if (node === undefined) return this.#queue.unschedulable(uid);
      this.#cache.assume(uid, { nodeName: node.name, wishes: pod.wishes });
      const binding = this.#bind(pod, node.name).finally(() => this.#bindings.delete(binding));
      this.#bindings.add(binding);
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      this.#options.logger.debug({ pod: pod.view.name, error: error.message }, "scheduling cycle failed");
      this.#queue.failed(uid);
    }
  }

  async #choose(pod: DriverPod): Promise<SchedulerNode | undefined> {
    const { feasible } = this.#model.filter(pod.wishes);
    if (feasible.length === 0) return undefined;
    const answer = await this.#extender.filter(
      pod.raw,
      feasible.map(({ name }) => name),
    );
    const passed = new Set(answer.nodeNames);
    const nodes = feasible.filter(({ name }) => passed.has(name));
    if (nodes.length <= 1) return nodes[0];
    const scores = await this.#prioritize(pod, nodes);
    const totals = this.#model.score(pod.wishes, nodes);
    addExtenderScores(totals, scores, EXTENDER_WEIGHT);
    return nodes[selectHost(totals, this.#options.random)];
  }

  // kube-scheduler ignores a prioritize that fails: no scores.
  async #prioritize(pod: DriverPod, nodes: readonly SchedulerNode[]): Promise<readonly number[]> {
    const names = nodes.map(({ name }) => name);
    try {
      const scores = await this.#extender.prioritize(pod.raw, names);
      return names.map((name) => scores.get(name) ?? 0);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#options.logger.debug({ pod: pod.view.name, error: error.message }, "prioritize failed");
      return names.map(() => 0);
    }
  }

  async #bind({ view }: DriverPod, nodeName: string): Promise<void> {
    const { namespace, name, uid } = view;
    const target = { apiVersion: "v1", kind: "Node", name: nodeName };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target };
    try {
      await this.#options.connection.create(
        resourcePath({ ...PODS, namespace, name, subresource: "binding" }),
        body,
      );
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#cache.forgetAssumed(uid);
      if (error instanceof KubeApiError && error.status === 404) return this.#queue.remove(uid);
      this.#options.logger.warn({ pod: name, error: error.message }, "binding failed");
      this.#queue.failed(uid);
    }
  }

  #podSeen(pod: DriverPod, previous: DriverPod | undefined): void {
    const { uid, nodeName, isFinished, request } = pod.view;
    if (nodeName === undefined) {
      if (isFinished || pod.isTerminating || pod.isGated) this.#queue.remove(uid);
      else if (!this.#cache.isAssumed(uid)) this.#queue.put(pod);
      return;
    }
    this.#queue.remove(uid);
    this.#cache.putPod(pod);
    const isLighter =
      previous !== undefined &&
      (request.cpuMilli < previous.view.request.cpuMilli ||
        request.memoryBytes < previous.view.request.memoryBytes);
    if (isFinished || isLighter || pod.view.proxy !== undefined) this.#queue.moveAll();
  }

  #podGone({ view }: DriverPod): void {
    this.#queue.remove(view.uid);
    this.#cache.removePod(view.uid);
    if (view.nodeName !== undefined) this.#queue.moveAll();
  }
}
