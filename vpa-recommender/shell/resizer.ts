// The only writer of pods/resize, and of the correction and the shares on proxy pods.

import { type Correction, CORRECTION_ANNOTATION } from "#model/correction.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import { isWithin, type Resources } from "#model/resources.ts";
import { SHARES_ANNOTATION, type Shares } from "#model/shares.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { sharesText } from "#kube/shares-annotation.ts";
import { systemClock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { type ProxyPod, RECOMMENDATION_ANNOTATION } from "./proxy-pod.ts";
import { type Urgency, WriteBudget } from "./write-budget.ts";

export type ResizeOutcome =
  | { readonly kind: "accepted" }
  /** The API server will not have this size on this node. */
  | { readonly kind: "refused"; readonly message: string }
  /** The pod is gone. */
  | { readonly kind: "gone" }
  /** The API server could not be reached or is overloaded: try again. */
  | { readonly kind: "failed"; readonly message: string };

export class Resizer {
  readonly #connection: Pick<KubeConnection, "patch">;
  readonly #budget: WriteBudget;

  /** @param budget without one, writes are limited in how many go out at once, and not in their rate. */
  constructor(connection: Pick<KubeConnection, "patch">, budget = unpaced()) {
    this.#connection = connection;
    this.#budget = budget;
  }

  async resize(proxy: ProxyPod, size: Resources): Promise<ResizeOutcome> {
    const { namespace, name, containerName: container } = proxy;
    const resources = { requests: quantities(size), ...limitsFor(proxy, size) };
    const body = { spec: { containers: [{ name: container, resources }] } };
    const path = resourcePath({ ...PODS, namespace, name, subresource: "resize" });
    const urgency = isWithin(size, proxy.requests) ? "shrink" : "grow";
    return this.#write(urgency, () => this.#connection.patch(path, body, { type: "strategic" }));
  }

  publishCorrection(proxy: ProxyPod, { cpu, memory }: Correction): Promise<ResizeOutcome> {
    return this.#annotate(proxy, { [CORRECTION_ANNOTATION]: JSON.stringify({ cpu, memory }) }, "publish");
  }

  /** Tells a proxy its apps' shares; as urgent as the resize that they go with. */
  publishShares(proxy: ProxyPod, shares: Shares, urgency: Urgency): Promise<ResizeOutcome> {
    return this.#annotate(proxy, { [SHARES_ANNOTATION]: sharesText(shares) }, urgency);
  }

  /** Tells a pod that is not resized the size that it should have. */
  publishRecommendation(proxy: ProxyPod, size: Resources): Promise<ResizeOutcome> {
    return this.#annotate(
      proxy,
      { [RECOMMENDATION_ANNOTATION]: JSON.stringify(quantities(size)) },
      "publish",
    );
  }

  #annotate(
    { namespace, name, uid }: ProxyPod,
    annotations: Readonly<Record<string, string>>,
    urgency: Urgency,
  ): Promise<ResizeOutcome> {
    const path = resourcePath({ ...PODS, namespace, name });
    const body = { metadata: { uid, annotations } };
    return this.#write(urgency, () => this.#connection.patch(path, body, { type: "merge" }));
  }

  async #write(urgency: Urgency, send: () => Promise<unknown>): Promise<ResizeOutcome> {
    try {
      await this.#budget.run(urgency, send);
      return { kind: "accepted" };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const { message } = error;
      if (!(error instanceof KubeApiError)) return { kind: "failed", message };
      if (error.status === 404) return { kind: "gone" };
      // 409: others wrote the pod at the same time; 429: the server is busy.
      const isRefusal = error.status >= 400 && error.status < 500 && ![409, 429].includes(error.status);
      return { kind: isRefusal ? "refused" : "failed", message };
    }
  }
}

function unpaced(): WriteBudget {
  return new WriteBudget({ rate: undefined, clock: systemClock() });
}

function quantities({ cpuMilli, memoryBytes }: Resources): Record<string, string> {
  return { cpu: formatCpu(cpuMilli), memory: formatMemory(memoryBytes) };
}

function limitsFor({ requests, limits }: ProxyPod, size: Resources): { limits?: Record<string, string> } {
  const { cpuMilli, memoryBytes } = limits;
  if (cpuMilli === undefined && memoryBytes === undefined) return {};
  return {
    limits: {
      ...(cpuMilli === undefined ? {} : { cpu: formatCpu(cpuMilli + size.cpuMilli - requests.cpuMilli) }),
      ...(memoryBytes === undefined
        ? {}
        : { memory: formatMemory(memoryBytes + size.memoryBytes - requests.memoryBytes) }),
    },
  };
}
