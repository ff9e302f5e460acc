// What the recommender needs of a DaemonSet that an autoscaler names.

import { z } from "zod";
import { PROXY_LABEL } from "#model/app.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { NodeProxyAutoscaler } from "#model/node-proxy-autoscaler.ts";
import { proxyContainerIndex, sizeOfList } from "#kube/proxy-container.ts";
import { DAEMON_SETS, resourcePath } from "#kube/resource-path.ts";

export interface TargetDaemonSet {
  readonly uid: string;
  /** Its pods are node proxies, and sized with all others of them. */
  readonly isNodeProxy: boolean;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** What the sized container requests by the template. */
  readonly requests: Resources;
  readonly limits: Partial<Resources>;
  readonly containerName: string;
  /** When its template was last set by us; undefined if it never was. */
  readonly templateChangedMs: number | undefined;
}

/** On a DaemonSet whose template was sized: when, so that a restart does not change it again too soon. */
export const TEMPLATE_CHANGED_ANNOTATION = "berth.dev/template-sized-at";

const labels = z.record(z.string(), z.string());

// Keys that Berth does not read are the API's business.
const daemonSetList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ uid: z.string(), annotations: labels.optional() }),
      spec: z.object({
        selector: z.object({ matchLabels: labels.default({}) }),
        template: z.object({
          metadata: z.object({ labels: labels.default({}) }).default({ labels: {} }),
          spec: z.object({
            containers: z.array(
              z.object({
                name: z.string(),
                resources: z.object({ requests: labels.optional(), limits: labels.optional() }).optional(),
              }),
            ),
          }),
        }),
      }),
    }),
  ),
});

/**
 * @returns undefined if there is none of the name.
 * @throws OperationError if the API server is away; ZodError if it answers something else.
 */
export async function readTarget(
  connection: Pick<KubeConnection, "get">,
  { namespace, target, container }: NodeProxyAutoscaler,
): Promise<TargetDaemonSet | undefined> {
  const query = { fieldSelector: `metadata.name=${target}` };
  const [found] = daemonSetList.parse(
    await connection.get(resourcePath({ ...DAEMON_SETS, namespace }), query),
  ).items;
  if (found === undefined) return undefined;
  const { selector, template } = found.spec;
  const { containers } = template.spec;
  const changedMs = Date.parse(found.metadata.annotations?.[TEMPLATE_CHANGED_ANNOTATION] ?? "");
  const sized =
    containers.find(({ name }) => name === container) ?? containers[proxyContainerIndex(containers)];
  return {
    uid: found.metadata.uid,
    isNodeProxy: template.metadata.labels[PROXY_LABEL] !== undefined,
    matchLabels: selector.matchLabels,
    requests: sizeOfList(sized?.resources?.requests),
    limits: limitsOf(sized?.resources?.limits),
    containerName: sized?.name ?? "",
    templateChangedMs: Number.isNaN(changedMs) ? undefined : changedMs,
  };
}

function limitsOf(limits: Readonly<Record<string, string>> = {}): Partial<Resources> {
  const { cpu, memory } = limits;
  return {
    ...(cpu !== undefined && { cpuMilli: parseCpuMilli(cpu) }),
    ...(memory !== undefined && { memoryBytes: parseMemoryBytes(memory) }),
  };
}
