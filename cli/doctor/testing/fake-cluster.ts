// The cluster of the doctor's tests: what a healthy one answers, for a test to spoil.

import type { ClusterReader, KubeObject } from "../finding.ts";

export const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const NAMESPACE = "berth-system";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

export const PATHS = {
  profileDefinition: `${DEFINITIONS}/meshprofiles.berth.dev`,
  autoscalerDefinition: `${DEFINITIONS}/nodeproxyautoscalers.berth.dev`,
  extenderLease: `${LEASES}/berth-scheduler-extender`,
  recommenderLease: `${LEASES}/berth-vpa-recommender`,
  webhook: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/berth",
  priorityClass: "/apis/scheduling.k8s.io/v1/priorityclasses/berth",
  podMetrics: "/apis/metrics.k8s.io/v1beta1/pods",
} as const;

/** Path and label selector of each collection. */
export const LISTS = {
  extenderSlices: `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices kubernetes.io/service-name=berth-scheduler-extender`,
  extenderLeader: `/api/v1/namespaces/${NAMESPACE}/pods berth.dev/leader-of=berth-scheduler-extender`,
  secondSchedulers: `/api/v1/namespaces/${NAMESPACE}/pods app.kubernetes.io/name=berth-kube-scheduler`,
  besideExtenders:
    "/api/v1/namespaces/kube-system/pods app.kubernetes.io/name=berth-scheduler-extender-verbs",
  schedulers: "/api/v1/namespaces/kube-system/pods component=kube-scheduler",
  daemonSets: "/apis/apps/v1/daemonsets ",
  nodes: "/api/v1/nodes ",
  proxies: "/api/v1/pods berth.dev/node-proxy",
  meshPods: "/api/v1/pods berth.dev/mesh=enabled",
  profiles: "/apis/berth.dev/v1alpha1/meshprofiles ",
} as const;

type Spoilt = { -readonly [Key in keyof KubeObject]: KubeObject[Key] };

interface ProxyDaemonSet extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly template: {
      readonly metadata: object;
      readonly spec: {
        readonly priorityClassName: string;
        readonly containers: readonly [{ resizePolicy: object[] }];
      };
    };
  };
}

export class FakeCluster implements ClusterReader {
  readonly namespace = NAMESPACE;
  readonly nowMs = NOW_MS;
  readonly objects = new Map<string, unknown>();
  readonly lists = new Map<string, KubeObject[]>();
  /** What is thrown at whoever reads these. */
  readonly refused = new Map<string, Error>();
  readonly daemonSet: ProxyDaemonSet;
  readonly proxies: readonly [Spoilt, Spoilt];
  /** `account verb resource` that is not granted. */
  refusedRight = "";
  isInjecting = true;
  /** Of the extender that leads. */
  metrics = 'berth_extender_decisions_total{verb="filter",verdict="fits"} 12\n';
  /** Of every proxy. */
  proxyMetrics = "";

  constructor() {
    this.daemonSet = proxyDaemonSet();
    this.proxies = [proxy("a"), proxy("b")];
  }

  async get(path: string): Promise<unknown> {
    const refusal = this.refused.get(path);
    if (refusal !== undefined) throw refusal;
    return this.objects.get(path);
  }

  async text(path: string): Promise<string> {
    return path.includes("%3A9093/") ? this.proxyMetrics : this.metrics;
  }

  async list(path: string, { labelSelector = "" }: { readonly labelSelector?: string } = {}) {
    const found = this.lists.get(`${path} ${labelSelector}`);
    if (found === undefined) throw new Error(`nobody expected ${path} ${labelSelector} to be listed`);
    return found;
  }

  async review(_: string, question: unknown): Promise<unknown> {
    const { user, resourceAttributes } = (
      question as {
        readonly spec: { readonly user: string; readonly resourceAttributes: Record<string, string> };
      }
    ).spec;
    const { verb, resource, subresource } = resourceAttributes;
    const what = subresource === undefined ? resource : `${resource}/${subresource}`;
    return { status: { allowed: `${user.split(":").at(-1)} ${verb} ${what}` !== this.refusedRight } };
  }

  async tryCreate(_: string, object: unknown): Promise<KubeObject> {
    const { metadata } = object as KubeObject;
    return {
      metadata: this.isInjecting ? { ...metadata, annotations: { "berth.dev/injected": "true" } } : metadata,
    };
  }
}

/** @param authority of the webhook's certificate, PEM. */
export function healthyCluster(authority: string): FakeCluster {
  const cluster = new FakeCluster();
  const { objects, lists } = cluster;
  objects.set("/version", { gitVersion: "v1.37.2" });
  objects.set("/api/v1", { resources: [{ name: "pods" }, { name: "pods/resize" }] });
  for (const path of [PATHS.profileDefinition, PATHS.autoscalerDefinition])
    objects.set(path, { metadata: {}, status: { conditions: [{ type: "Established", status: "True" }] } });
  for (const path of [PATHS.extenderLease, PATHS.recommenderLease]) objects.set(path, freshLease());
  objects.set(PATHS.webhook, webhookConfiguration(authority));
  objects.set(PATHS.priorityClass, { metadata: { name: "berth" } });
  objects.set(PATHS.podMetrics, { items: [{}, {}] });
  const slice = { metadata: { name: "slice" }, endpoints: [{ conditions: { ready: true } }] };
  lists.set(LISTS.extenderSlices, [slice]);
  lists.set(LISTS.extenderLeader, [{ metadata: { name: "extender-1" } }]);
  lists.set(LISTS.secondSchedulers, []);
  lists.set(LISTS.besideExtenders, []);
  const command = ["kube-scheduler", "--config=/etc/kubernetes/berth/configuration.yaml"];
  lists.set(LISTS.schedulers, [
    { metadata: { name: "kube-scheduler-cp" }, spec: { containers: [{ command }] } },
  ]);
  lists.set(LISTS.daemonSets, [{ metadata: { name: "other" }, spec: {} }, cluster.daemonSet]);
  lists.set(LISTS.nodes, [{ metadata: { name: "a" } }, { metadata: { name: "b" } }]);
  lists.set(LISTS.proxies, [...cluster.proxies]);
  lists.set(LISTS.profiles, [
    {
      metadata: { name: "cart", namespace: "shop" },
      status: { ports: { inbound: 20_000, outbound: 20_001 } },
    },
  ]);
  const annotations = { "berth.dev/injected": "true" };
  lists.set(LISTS.meshPods, [{ metadata: { name: "cart-0", namespace: "shop", annotations } }]);
  return cluster;
}

export function webhookConfiguration(authority: string, failurePolicy = "Ignore"): object {
  const caBundle = Buffer.from(authority).toString("base64");
  const names = ["labelled-pods.mesh", "labelled-namespaces.mesh", "proxies.mesh"];
  return {
    webhooks: names.map((name) => ({ name: `${name}.berth.dev`, failurePolicy, clientConfig: { caBundle } })),
  };
}

function freshLease(): object {
  const renewTime = new Date(NOW_MS - 2_000).toISOString();
  return {
    metadata: { name: "lease" },
    spec: { holderIdentity: "one", leaseDurationSeconds: 15, renewTime },
  };
}

function proxyDaemonSet(): ProxyDaemonSet {
  return {
    metadata: { name: "berth-proxy", namespace: NAMESPACE },
    spec: {
      template: {
        metadata: {
          labels: { "berth.dev/node-proxy": "berth" },
          annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
        },
        spec: {
          priorityClassName: "berth",
          containers: [{ resizePolicy: [{ resourceName: "memory", restartPolicy: "NotRequired" }] }],
        },
      },
    },
  };
}

export function aReadyPod(name: string): KubeObject {
  return { metadata: { name }, status: { conditions: [{ type: "Ready", status: "True" }] } };
}

function proxy(nodeName: string): Spoilt {
  return {
    metadata: { name: `berth-proxy-${nodeName}`, namespace: NAMESPACE },
    spec: { nodeName },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}
