// The kubelet of Berth's own pods: starts each as a process under its service account, says when it is ready, and ends
// it with its pod; a suite may kill and restart one. On its own node it also says of other pods that they run, which they
// do not.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { Reflector } from "#kube/reflector.ts";
import { systemClock } from "#runtime/clock.ts";
import { createLogger } from "#runtime/logger.ts";
import { type ControlPlane, HOST } from "./control-plane.ts";
import { type ApiPodToRun, type ComponentRun, startPodProcess } from "./pod-process.ts";
import type { PodProcess } from "./running-pod.ts";
import type { ServiceNetwork } from "./service-network.ts";

export const SYSTEM_NAMESPACE = "berth-system";
/** As long as any run of the suite lasts. */
const TOKEN_SECONDS = 3_600 * 3;

export interface PodRunnerOptions extends ComponentRun {
  readonly controlPlane: ControlPlane;
  readonly connection: KubeConnection;
  readonly network: ServiceNetwork;
  /** The node whose pods are all this runner's. */
  readonly nodeName: string;
  /** Path of kube-scheduler, for pods that are one. */
  readonly kubeScheduler: string;
}

export class PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #pods: Reflector<RunnablePod>;
  readonly #runs = new Map<string, Run>();
  readonly #failures: Error[] = [];
  #addresses = 0;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
    this.#pods = new Reflector<RunnablePod>({
      connection: options.connection,
      path: resourcePath(PODS),
      decode: (raw) => raw as RunnablePod,
      handlers: { upserted: (pod) => this.#seen(pod), deleted: (pod) => void this.#ended(pod) },
      clock: systemClock(),
      random: Math.random,
      logger: createLogger("pod-runner", "error"),
      name: "pods to run",
    });
  }

  start(): void {
    this.#pods.start();
  }

  /** What could not be run, and processes that ended although their pods go on. */
  failures(): readonly Error[] {
    const ended = [...this.#runs.values()].filter((run) => run.pod?.process.hasExited === true);
    const names = ended.map(({ object }) => object.metadata.name);
    return [...this.#failures, ...names.map((name) => new Error(`the process of ${name} ended`))];
  }

  /** Where a port of a pod's process is on this machine; undefined if it does not run. */
  localPort(uid: string, port: number): number | undefined {
    return this.#runs.get(uid)?.pod?.localPorts.get(port);
  }

  /** Kills the pod's process as if its machine were lost, and says that the pod is not ready. */
  async kill(uid: string): Promise<void> {
    const run = this.#runs.get(uid);
    const process = run?.pod?.process;
    if (run === undefined || process === undefined) throw new Error(`the pod ${uid} has no process`);
    // Not among the failures then: it was meant to end.
    run.pod = undefined;
    await process.kill();
    await this.#sayRunning(run, { isReady: false });
  }

  /** Runs a new process in a pod whose process was killed, as kubelet restarts a container. */
  async restart(uid: string): Promise<void> {
    const run = this.#runs.get(uid);
    if (run === undefined || run.pod !== undefined) throw new Error(`nothing to restart in the pod ${uid}`);
    run.restarts += 1;
    await this.#start(run);
  }

  async stop(): Promise<void> {
    await this.#pods.stop();
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    await Promise.all(runs.map(endRun));
  }

  #seen(pod: RunnablePod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName === undefined || !this.#isOurs(pod)) return;
    if (deletionTimestamp !== undefined) return void this.#end(pod);
    const known = this.#runs.get(uid);
    if (known !== undefined && sizeOf(known.object) === sizeOf(pod)) return;
    const run = known ?? { address: this.#addressOf(pod), object: pod, pod: undefined, restarts: 0 };
    run.object = pod;
    this.#runs.set(uid, run);
    const work = known === undefined ? this.#start(run) : this.#sayRunning(run, { isReady: true });
    run.work = work.catch(async (error: Error) => {
      if (!(await this.#isGone(pod))) this.#failures.push(error);
    });
  }

  /** What is deleted while it starts has no token and no status any more: kwok takes such an object away at once. */
  async #isGone({ metadata: { namespace, name, uid } }: RunnablePod): Promise<boolean> {
    try {
      const { metadata } = (await this.#options.connection.get(
        resourcePath({ ...PODS, namespace, name }),
      )) as RunnablePod;
      return metadata.uid !== uid || metadata.deletionTimestamp !== undefined;
    } catch (error) {
      return isNotFound(error);
    }
  }

  #isOurs({ metadata, spec }: RunnablePod): boolean {
    const isDeployed = metadata.ownerReferences?.[0]?.kind === "ReplicaSet";
    return (
      spec.nodeName === this.#options.nodeName || (metadata.namespace === SYSTEM_NAMESPACE && isDeployed)
    );
  }

  async #start(run: Run): Promise<void> {
    const { controlPlane, ...shared } = this.#options;
    const { network } = shared;
    const { object, address, restarts } = run;
    if (object.metadata.namespace === SYSTEM_NAMESPACE) {
      run.pod = await startPodProcess(controlPlane, object, {
        ...shared,
        token: await this.#tokenFor(object),
        restarts,
      });
      for (const [port, local] of run.pod.localPorts) network.expose(address, port, local);
      await run.pod.ready();
    }
    await this.#sayRunning(run, { isReady: true });
  }

  #addressOf({ spec }: RunnablePod): string {
    if (spec.hostNetwork === true) return HOST;
    this.#addresses += 1;
    return `10.245.${this.#addresses >> 8}.${this.#addresses & 255}`;
  }

  async #tokenFor({ metadata: { namespace, name, uid }, spec }: RunnablePod): Promise<string> {
    const account = spec.serviceAccountName ?? "default";
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
    const { status } = (await this.#options.connection.create(path, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: TOKEN_SECONDS, boundObjectRef },
    })) as { status: { token: string } };
    return status.token;
  }

  async #sayRunning(
    { object, address: podIP, restarts: restartCount }: Run,
    { isReady }: { readonly isReady: boolean },
  ): Promise<void> {
    const { namespace, name } = object.metadata;
    const startedAt = new Date().toISOString().replace(/\.\d+/, "");
    const ready = isReady ? "True" : "False";
    const conditions = [
      { type: "Initialized", status: "True" },
      { type: "ContainersReady", status: ready },
      { type: "Ready", status: ready },
    ];
    const containerStatuses = object.spec.containers.map(({ name: container, image, resources = {} }) => ({
      name: container,
      image,
      // Whatever is asked for is there: nothing here is limited.
      resources,
      imageID: "",
      ready: isReady,
      started: isReady,
      restartCount,
      state: isReady
        ? { running: { startedAt } }
        : { waiting: { reason: "CrashLoopBackOff" }, running: null },
    }));
    const status = {
      phase: "Running",
      hostIP: HOST,
      hostIPs: [{ ip: HOST }],
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: startedAt,
      conditions,
      containerStatuses,
    };
    const path = resourcePath({ ...PODS, namespace, name, subresource: "status" });
    await this.#options.connection.patch(path, { status }, { type: "strategic" });
  }

  // As kubelet does: the process first, then the object.
  async #end(pod: RunnablePod): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    await this.#ended(pod);
    const path = resourcePath({ ...PODS, namespace, name });
    await this.#options.connection
      .delete(path, { gracePeriodSeconds: 0, preconditions: { uid } })
      // kwok may have been first.
      .catch(() => undefined);
  }

  async #ended({ metadata: { uid } }: RunnablePod): Promise<void> {
    const run = this.#runs.get(uid);
    this.#runs.delete(uid);
    if (run !== undefined) await endRun(run);
  }
}

interface Run {
  readonly address: string;
  /** As last seen. */
  object: RunnablePod;
  restarts: number;
  /** Undefined for a pod that is only said to run. */
  pod: PodProcess | undefined;
  work?: Promise<void>;
}

async function endRun(run: Run): Promise<void> {
  await run.work;
  await run.pod?.process.stop();
}

function sizeOf({ spec }: RunnablePod): string {
  return JSON.stringify(spec.containers.map(({ resources }) => resources));
}

interface RunnablePod extends ApiPodToRun {
  readonly metadata: ApiPodToRun["metadata"] & {
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: ApiPodToRun["spec"] & { readonly hostNetwork?: boolean };
}
