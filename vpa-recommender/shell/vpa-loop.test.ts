import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { resourcePath, VERTICAL_POD_AUTOSCALERS } from "#kube/resource-path.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { KubeConnection } from "#kube/connection.ts";
import { silentLogger } from "#runtime/logger.ts";
import { systemClock } from "#runtime/clock.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { MIB } from "#test/builders/sizes.ts";
import { matrix, PrometheusBed } from "../testing/prometheus-bed.ts";
import { PrometheusClient } from "./prometheus-client.ts";
import { VpaHistory } from "./vpa-history.ts";
import { VpaLoop } from "./vpa-loop.ts";

const MINUTE_MS = 60_000;
const LABELS = { "app.kubernetes.io/name": "agent" };
const POD = { namespace: "logs", name: "agent-1" };
const TARGET = { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent" };

test("a VPA that names us gets a recommendation, conditions and a checkpoint; one that does not is left alone", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  await bed.pass(1);
  bed.addVpa("ours", [{ name: "berth" }]);
  bed.addVpa("theirs", [{ name: "default" }]);
  await bed.pass(10);
  const { recommendation, conditions } = bed.statusOf("ours");
  const [only] = recommendation?.containerRecommendations ?? [];
  assert.equal(only?.containerName, "agent");
  // 200m fall into the bucket that ends at 215m; 15 % on top.
  assert.equal(only?.target.cpu, "247m");
  assert.deepEqual(
    conditions?.map(({ type, status }) => `${type} ${status}`),
    ["RecommendationProvided True"],
  );
  assert.deepEqual(bed.statusOf("theirs"), {});
  const saved = bed.api.store.list("verticalpodautoscalercheckpoints");
  assert.deepEqual(
    saved.map(({ metadata }) => metadata.name),
    ["ours-agent"],
  );
  assert.equal(bed.verdicts.get("taken"), 10);
});

test("what is allowed caps the target and spares the uncapped one", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  const containerPolicies = [
    { containerName: "*", maxAllowed: { cpu: "100m" }, controlledResources: ["cpu"] },
  ];
  bed.addVpa("ours", [{ name: "berth" }], { resourcePolicy: { containerPolicies } });
  await bed.pass(3);
  const [only] = bed.statusOf("ours").recommendation?.containerRecommendations ?? [];
  assert.deepEqual([only?.target, only?.uncappedTarget], [{ cpu: "100m" }, { cpu: "247m" }]);
});

test("the history survives a restart", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  bed.cpuMilli = 800;
  await bed.pass(40);
  const before = bed.statusOf("ours").recommendation?.containerRecommendations?.[0]?.target.cpu;
  bed.restart();
  bed.cpuMilli = 100;
  await bed.pass(2);
  assert.equal(bed.statusOf("ours").recommendation?.containerRecommendations?.[0]?.target.cpu, before);
});

test("a target that vanishes for a while loses nothing: the recommendation stays, and says why it is not renewed", async (t) => {
  const bed = await VpaBed.start(t);
  const target = bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  bed.cpuMilli = 800;
  await bed.pass(40);
  const before = bed.statusOf("ours").recommendation;
  bed.api.store.delete("daemonsets", { namespace: "logs", name: target.metadata.name });
  bed.cpuMilli = 100;
  await bed.pass(3);
  const { recommendation, conditions } = bed.statusOf("ours");
  assert.deepEqual(recommendation, before);
  const [unsupported] = conditions ?? [];
  assert.equal(`${unsupported?.type} ${unsupported?.status}`, "ConfigUnsupported True");
  assert.match(unsupported?.message ?? "", /no DaemonSet agent/);
  bed.addTarget();
  await bed.pass(3);
  assert.deepEqual(
    bed.statusOf("ours").recommendation?.containerRecommendations?.[0]?.target,
    before?.containerRecommendations?.[0]?.target,
  );
  assert.deepEqual(
    bed.statusOf("ours").conditions?.map(({ type }) => type),
    ["RecommendationProvided"],
  );
});

test("samples that are negative or absurd are counted and left out", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  await bed.pass(5);
  const before = bed.statusOf("ours").recommendation;
  bed.cpuMilli = -5;
  await bed.pass(1);
  bed.cpuMilli = 2_000_000;
  await bed.pass(1);
  assert.deepEqual([bed.verdicts.get("negative"), bed.verdicts.get("absurd")], [1, 1]);
  assert.deepEqual(
    bed.statusOf("ours").recommendation?.containerRecommendations?.[0]?.target,
    before?.containerRecommendations?.[0]?.target,
  );
});

test("an OOM raises the memory target once", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  await bed.pass(5);
  bed.killByOom();
  await bed.pass(5);
  const memory = bed.statusOf("ours").recommendation?.containerRecommendations?.[0]?.target.memory ?? "";
  // 400 MiB were requested: 500 MiB, to the end of its bucket, and 15 %.
  assert.ok(Number(memory) > 1.15 * 500 * MIB && Number(memory) < 1.25 * 500 * MIB, memory);
});

test("with a Prometheus the past is read from it and no checkpoints are kept, and pods that are gone count", async (t) => {
  await using prometheus = await PrometheusBed.start();
  prometheus.answer = ({ query = "", start = "" }) => {
    const labels = { pod: query.includes("kube_pod_labels") ? "agent-0" : "agent-1", container: "agent" };
    const level = query.includes("cpu") ? "0.8" : String(300 * MIB);
    const values = Array.from({ length: 190 }, (_, hour) => [Number(start) + hour * 3600, level] as const);
    const gone = { metric: { ...labels, pod: "agent-0" }, values };
    return matrix([{ metric: labels, values: [...values, [Number(start) + 3600, level]] }, gone]);
  };
  const bed = await VpaBed.start(t, prometheus.address);
  bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  bed.cpuMilli = 100;
  await bed.pass(3);
  const [only] = bed.statusOf("ours").recommendation?.containerRecommendations ?? [];
  // 800m fall into the bucket that ends at 800.6m; 15 % on top, and the minutes of 100m weigh nothing yet.
  assert.equal(only?.target.cpu, "920m");
  assert.deepEqual(
    prometheus.asked.map(({ query }) => query),
    [
      'kube_pod_labels{namespace="logs",label_app_kubernetes_io_name=~"agent"}',
      'sum by (pod, container) (rate(container_cpu_usage_seconds_total{job="cadvisor",namespace="logs",pod=~"agent-1|agent-0",container!="POD",container!=""}[3600s]))',
      'max by (pod, container) (container_memory_working_set_bytes{job="cadvisor",namespace="logs",pod=~"agent-1|agent-0",container!="POD",container!=""})',
    ],
  );
  // Of both pods, CPU and memory.
  assert.equal(bed.verdicts.get("history taken"), 4 * 190);
  assert.equal(bed.verdicts.get("history duplicate"), 2);
  await bed.pass(10);
  assert.deepEqual(bed.api.store.list("verticalpodautoscalercheckpoints"), []);
  assert.equal(prometheus.asked.length, 3);
});

test("where VPAs are not served nothing else is asked, and it is said once", async (t) => {
  const bed = await VpaBed.start(t);
  bed.addTarget();
  bed.addVpa("ours", [{ name: "berth" }]);
  bed.isServed = false;
  bed.asked.length = 0;
  await bed.pass(3);
  assert.deepEqual(bed.asked, Array(3).fill(resourcePath(VERTICAL_POD_AUTOSCALERS)));
  assert.deepEqual(bed.said, ["VerticalPodAutoscalers are not served in this cluster; looked for again"]);
  bed.isServed = true;
  await bed.pass(2);
  assert.equal(bed.said.length, 2);
  assert.ok(bed.statusOf("ours").recommendation !== undefined);
});

interface Status {
  readonly recommendation?: {
    readonly containerRecommendations?: readonly {
      readonly containerName: string;
      readonly target: { readonly cpu?: string; readonly memory?: string };
      readonly uncappedTarget: { readonly cpu?: string; readonly memory?: string };
    }[];
  };
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
  }[];
}

class VpaBed {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly api = new LoopbackApi({ clock: this.clock, serverClock: systemClock() });
  readonly verdicts = new Map<string, number>();
  readonly asked: string[] = [];
  readonly said: string[] = [];
  cpuMilli = 200;
  isServed = true;
  #connection: KubeConnection | undefined;
  #loop: VpaLoop | undefined;
  #prometheus: PrometheusClient | undefined;

  static async start(t: TestContext, prometheusAddress?: string): Promise<VpaBed> {
    const bed = new VpaBed();
    if (prometheusAddress !== undefined)
      bed.#prometheus = new PrometheusClient({ address: prometheusAddress, queryMsMax: 5_000 });
    bed.api.store.create("namespaces", { metadata: { name: POD.namespace } });
    const { url } = await bed.api.listen({ host: "127.0.0.1", port: 0 });
    bed.#connection = new KubeConnection({ server: url });
    bed.api.setMetricsSource(() => [{ ...POD, cpuMilli: bed.cpuMilli, memoryBytes: 300 * MIB }]);
    bed.restart();
    t.after(async () => {
      bed.#loop?.stop();
      await bed.#prometheus?.stop();
      await bed.#connection?.close();
      await bed.api.close();
    });
    return bed;
  }

  restart(): void {
    this.#loop?.stop();
    this.#loop = new VpaLoop({
      connection: this.#watched(),
      budget: { run: (_, write) => write() },
      clock: this.clock,
      intervalMs: MINUTE_MS,
      history:
        this.#prometheus &&
        new VpaHistory({
          prometheus: this.#prometheus,
          clock: this.clock,
          cadvisorJobName: "cadvisor",
          lengthMs: 8 * 86_400_000,
          resolutionMs: 3_600_000,
        }),
      metrics: {
        vpaSample: (verdict) => this.#count(verdict),
        historySample: (_, verdict) => this.#count(`history ${verdict}`),
        vpaObjects: () => undefined,
      },
      logger: {
        ...silentLogger,
        info: (text: unknown) => void this.said.push(String(text)),
      } as typeof silentLogger,
      mayAct: () => true,
    });
    this.#loop.start();
  }

  #count(verdict: string): void {
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
  }

  addTarget(): KubeObject {
    if (this.api.store.get("pods", POD) === undefined) {
      const resources = { requests: { cpu: "100m", memory: "400Mi" } };
      this.api.store.create("pods", {
        metadata: { ...POD, labels: LABELS },
        spec: { nodeName: "node-1", containers: [{ name: "agent", image: "i", resources }] },
        status: { phase: "Running" },
      });
    }
    return this.api.store.create("daemonsets", {
      metadata: { namespace: "logs", name: TARGET.name },
      spec: { selector: { matchLabels: LABELS } },
    });
  }

  addVpa(name: string, recommenders: readonly JsonObject[], spec: JsonObject = {}): void {
    this.api.store.create("verticalpodautoscalers", {
      metadata: { namespace: "logs", name },
      spec: { targetRef: TARGET, recommenders: [...recommenders], ...spec },
    });
  }

  killByOom(): void {
    const pod = this.api.store.get("pods", POD);
    assert.ok(pod !== undefined);
    const finishedAt = new Date(this.clock.nowMs()).toISOString();
    const lastState = { terminated: { reason: "OOMKilled", finishedAt } };
    const status = { phase: "Running", containerStatuses: [{ name: "agent", lastState }] };
    this.api.store.update("pods", { ...pod, status });
  }

  statusOf(name: string): Status {
    const vpa = this.api.store.get("verticalpodautoscalers", { namespace: "logs", name });
    return (vpa?.["status"] ?? {}) as Status;
  }

  async pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      this.clock.advance(MINUTE_MS);
      await this.#loop?.settle();
    }
  }

  #watched(): Pick<KubeConnection, "get" | "create" | "patch"> {
    const connection = this.#connection;
    assert.ok(connection !== undefined);
    return {
      get: async (path, query) => {
        this.asked.push(path);
        if (this.isServed || !path.includes("/apis/autoscaling.k8s.io/")) return connection.get(path, query);
        throw new KubeApiError({ status: 404, reason: "NotFound", message: "no such group" });
      },
      create: (path, body) => connection.create(path, body),
      patch: (path, body, options) => connection.patch(path, body, options),
    };
  }
}
