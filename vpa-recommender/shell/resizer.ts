// The only writer of pods/resize, and of the correction on proxy pods.

import { type Correction, CORRECTION_ANNOTATION } from "#model/correction.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { Limiter } from "#runtime/limiter.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { ProxyPod } from "./proxy-pod.ts";

export type ResizeOutcome =
  | { readonly kind: "accepted" }
  /** The API server will not have this size on this node. */
  | { readonly kind: "refused"; readonly message: string }
  /** The pod is gone. */
  | { readonly kind: "gone" }
  /** The API server could not be reached or is overloaded: try again. */
  | { readonly kind: "failed"; readonly message: string };

/** Enough to follow a burst of placements, and far from an API server's limit for one client. */
const WRITES_AT_ONCE_MAX = 16;

export class Resizer {
  readonly #connection: Pick<KubeConnection, "patch">;
  readonly #limiter = new Limiter(WRITES_AT_ONCE_MAX);

  constructor(connection: Pick<KubeConnection, "patch">) {
    this.#connection = connection;
  }

  async resize(proxy: ProxyPod, size: Resources): Promise<ResizeOutcome> {
    const { namespace, name, containerName: container } = proxy;
    const resources = { requests: quantities(size), ...limitsFor(proxy, size) };
    const body = { spec: { containers: [{ name: container, resources }] } };
    const path = resourcePath({ ...PODS, namespace, name, subresource: "resize" });
    return this.#write(() => this.#connection.patch(path, body, { type: "strategic" }));
  }

  async publishCorrection(
    { namespace, name, uid }: ProxyPod,
    { cpu, memory }: Correction,
  ): Promise<ResizeOutcome> {
    const annotations = { [CORRECTION_ANNOTATION]: JSON.stringify({ cpu, memory }) };
    const path = resourcePath({ ...PODS, namespace, name });
    return this.#write(() =>
      this.#connection.patch(path, { metadata: { uid, annotations } }, { type: "merge" }),
    );
  }

  async #write(send: () => Promise<unknown>): Promise<ResizeOutcome> {
    try {
      await this.#limiter.run(send);
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
