// Two example apps, one on each node with a real proxy, that call each other through the mesh: client → its own node's
// proxy (outbound) → the other node's proxy (inbound) → server. Their pods are created in the API and placed and
// injected like any other; each is then run as a process with exactly the environment that admission gave it.

import { fileURLToPath } from "node:url";
import type { KubeConnection } from "#kube/connection.ts";
import { MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL } from "#model/app.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { ExampleCounts } from "./example-app.ts";
import { EXAMPLE_NAMESPACE, examplePlacement } from "./fleet.ts";
import { freePort } from "./free-port.ts";
import { ManagedProcess } from "./managed-process.ts";

export interface ExampleAppsOptions {
  readonly connection: KubeConnection;
  /** Addresses of the nodes with real proxies. */
  readonly nodeAddresses: readonly string[];
  readonly logLine: (name: string, line: string) => void;
}

interface ExamplePod {
  readonly name: string;
  readonly app: string;
  readonly node: number;
  readonly address: string;
  readonly port: number;
}

/** Calls of one client: two clients in each direction make some 80 a second. */
const CALL_INTERVAL_MS = 50;
const PODS_PER_APP = 2;
const APPS = ["web", "cart"] as const;
const WAIT_MS_MAX = 30_000;
const POLL_MS = 50;

export interface ExampleTotals extends ExampleCounts {
  /** Sent by each app. */
  readonly sentByApp: Readonly<Record<string, number>>;
}

export class ExampleApps {
  readonly #options: ExampleAppsOptions;
  readonly #pods: ExamplePod[] = [];
  readonly #processes = new Map<ExamplePod, ManagedProcess>();
  readonly #counts = new Map<ExamplePod, ExampleCounts>();
  readonly #stopped = new Map<ExamplePod, () => void>();

  constructor(options: ExampleAppsOptions) {
    this.#options = options;
  }

  /** Creates the pods; they are placed and started by whoever does that for pods. */
  async createPods(): Promise<void> {
    const { nodeAddresses } = this.#options;
    for (const [index, app] of APPS.entries()) {
      const node = index % nodeAddresses.length;
      for (let replica = 0; replica < PODS_PER_APP; replica++) {
        const address = nodeAddresses[node] ?? "127.0.0.1";
        const port = await freePort(address);
        const pod = { name: `${app}-${replica}`, app, node, address, port };
        await this.#createPod(pod);
        this.#pods.push(pod);
      }
    }
  }

  /** Runs a process for each pod once it is bound, and has them call each other once the proxies serve them. */
  async run(isServing: () => Promise<boolean>): Promise<void> {
    await Promise.all(this.#pods.map((pod) => this.#startProcess(pod)));
    await until(isServing, "the proxies to serve the example apps");
    const ports = new Map<string, number>();
    for (const app of APPS) ports.set(app, await this.#inboundPort(app));
    for (const [pod, process] of this.#processes) {
      const peer = APPS[(APPS.indexOf(pod.app as "web" | "cart") + 1) % APPS.length] ?? "web";
      const peerAddress =
        this.#options.nodeAddresses[APPS.indexOf(peer) % this.#options.nodeAddresses.length];
      process.send({
        kind: "call",
        url: `http://${peerAddress}:${ports.get(peer)}/echo`,
        intervalMs: CALL_INTERVAL_MS,
      });
    }
  }

  /** Ends the calls; resolves with final counts when the last answer is in. */
  async stopCalling(): Promise<ExampleTotals> {
    const stopped = [...this.#processes].map(([pod, process]) => {
      const answered = new Promise<void>((resolve) => this.#stopped.set(pod, resolve));
      process.send({ kind: "stopCalling" });
      return process.isReady ? answered : undefined;
    });
    await Promise.all(stopped);
    return this.totals();
  }

  totals(): ExampleTotals {
    const totals = { sent: 0, verified: 0, throttled: 0, failed: 0, served: 0, lastFailure: "" };
    const sentByApp: Record<string, number> = {};
    for (const [{ app }, counts] of this.#counts) {
      totals.sent += counts.sent;
      totals.verified += counts.verified;
      totals.throttled += counts.throttled;
      totals.failed += counts.failed;
      totals.served += counts.served;
      totals.lastFailure = counts.lastFailure || totals.lastFailure;
      sentByApp[app] = (sentByApp[app] ?? 0) + counts.sent;
    }
    return { ...totals, sentByApp };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.stop()));
  }

  async #createPod({ name, app, node, address, port }: ExamplePod): Promise<void> {
    await this.#options.connection.create(resourcePath({ ...PODS, namespace: EXAMPLE_NAMESPACE }), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        labels: { [APP_LABEL]: app },
        annotations: { "berth.dev/loopback-pod-ip": address },
      },
      spec: {
        ...examplePlacement(node),
        containers: [
          {
            name: "app",
            image: "example/echo",
            ports: [{ containerPort: port }],
            resources: { requests: { cpu: "200m", memory: "128Mi" } },
          },
        ],
      },
    });
  }

  // In kubelet's place: the environment comes from the pod's spec, with references resolved as kubelet does.
  async #startProcess(pod: ExamplePod): Promise<void> {
    const { connection, logLine } = this.#options;
    const path = resourcePath({ ...PODS, namespace: EXAMPLE_NAMESPACE, name: pod.name });
    let object: RunningPod | undefined;
    await until(async () => {
      object = (await connection.get(path)) as RunningPod;
      return object.status?.phase === "Running";
    }, `pod ${pod.name} to run`);
    const process = new ManagedProcess(
      {
        name: `example ${pod.name}`,
        file: fileURLToPath(new URL("./example-app.ts", import.meta.url)),
        args: [],
        env: { ...environmentOf(object), EXAMPLE_ADDRESS: pod.address, EXAMPLE_PORT: String(pod.port) },
      },
      {
        message: (message) => {
          if (message["counts"] !== undefined) this.#counts.set(pod, message["counts"] as ExampleCounts);
          if (message["kind"] === "stopped") this.#stopped.get(pod)?.();
        },
        logLine,
      },
    );
    this.#processes.set(pod, process);
    await process.start();
  }

  async #inboundPort(app: string): Promise<number> {
    const path = resourcePath({ ...MESH_PROFILES, namespace: EXAMPLE_NAMESPACE, name: app });
    const profile = (await this.#options.connection.get(path)) as {
      status?: { ports?: { inbound: number } };
    };
    const port = profile.status?.ports?.inbound;
    if (port === undefined) throw new OperationError("NoPorts", `app ${app} has no ports`);
    return port;
  }
}

interface RunningPod {
  readonly spec: { readonly containers: readonly { readonly env?: readonly EnvVar[] }[] };
  readonly status?: { readonly phase?: string; readonly hostIP?: string };
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

function environmentOf(pod: RunningPod | undefined): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { name, value, valueFrom } of pod?.spec.containers[0]?.env ?? []) {
    const text =
      valueFrom?.fieldRef?.fieldPath === "status.hostIP" ? (pod?.status?.hostIP ?? "") : (value ?? "");
    environment[name] = text.replaceAll(
      /\$\((\w+)\)/g,
      (reference, key: string) => environment[key] ?? reference,
    );
  }
  return environment;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new OperationError("WaitedTooLong", `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
