// The webhook for node proxies: one that is created for a node starts at its node's size. It never refuses a pod; one
// that cannot be sized starts as its template says and is resized by the recommender.

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ClusterLedger } from "#model/ledger.ts";
import { formatCpu, formatMemory, QuantityError } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { daemonPodNode } from "#kube/daemon-pod-node.ts";
import { DecodeError, decodeProxyBase } from "#kube/decode-pod.ts";
import { proxyContainerIndex, sizeOfList } from "#kube/proxy-container.ts";
import { newProxySize } from "../policy/new-proxy-size.ts";
import { type Admission, admissionReviewOf, admitted } from "./admission-review.ts";
import type { AdmissionOutcome, ExtenderMetrics } from "./extender-metrics.ts";

export interface ProxyAdmissionApiOptions {
  readonly ledger: ClusterLedger;
  readonly metrics: ExtenderMetrics;
  readonly unreadyReasons: () => readonly string[];
}

export async function proxyAdmissionApi(
  server: FastifyInstance,
  options: ProxyAdmissionApiOptions,
): Promise<void> {
  const { metrics } = options;
  server.post("/mutate-proxy", async (request, reply) => {
    const stop = metrics.verbStarted("admit");
    const review = proxyReview.safeParse(request.body);
    if (!review.success) return reply.code(400).send({ error: z.prettifyError(review.error) });
    const { uid, object } = review.data.request;
    const { outcome, ...admission } = sized(object, options);
    metrics.admitted(outcome);
    stop();
    return admitted(uid, admission);
  });
}

const stringMap = z.record(z.string(), z.string()).nullish();
const resourceList = z.record(z.string(), z.coerce.string()).optional();

const proxyPod = z.object({
  metadata: z.object({ annotations: stringMap }).optional(),
  spec: z.object({
    nodeName: z.string().optional(),
    affinity: z.unknown().optional(),
    containers: z
      .array(
        z.object({
          name: z.string(),
          resources: z.object({ requests: resourceList, limits: resourceList }).optional(),
        }),
      )
      .min(1),
  }),
});

type ProxyPod = z.infer<typeof proxyPod>;

const proxyReview = admissionReviewOf(proxyPod);

interface ProxyAdmission extends Admission {
  readonly outcome: AdmissionOutcome;
}

function sized(pod: ProxyPod, { ledger, unreadyReasons }: ProxyAdmissionApiOptions): ProxyAdmission {
  const asTemplate = (why: string): ProxyAdmission => ({
    outcome: "proxyAsTemplate",
    warnings: [`berth: ${why}; the proxy starts at its template's size`],
  });
  const [unready] = unreadyReasons();
  if (unready !== undefined) return asTemplate(unready);
  const name = daemonPodNode(pod.spec);
  const node = name && ledger.node(name);
  if (node === undefined) return asTemplate("the pod names no node that Berth knows");
  try {
    const index = proxyContainerIndex(pod.spec.containers);
    const { requests, limits } = pod.spec.containers[index]?.resources ?? {};
    const template = sizeOfList(requests);
    const base = decodeProxyBase(pod.metadata?.annotations ?? {});
    const size = newProxySize(node, { requests: template, base });
    const patch = sizePatch({ index, requests, limits, template, size });
    return { outcome: patch.length === 0 ? "proxyAsTemplate" : "proxySized", patch };
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof QuantityError)) throw error;
    return asTemplate(error.message);
  }
}

interface SizeChange {
  readonly index: number;
  readonly requests: Readonly<Record<string, string>> | undefined;
  readonly limits: Readonly<Record<string, string>> | undefined;
  readonly template: Resources;
  readonly size: Resources;
}

// Limits that exist move with the requests, keeping their distance, as when the recommender resizes.
function sizePatch({ index, requests, limits, template, size }: SizeChange): readonly object[] {
  const changes = [
    { key: "cpu", resource: "cpuMilli", format: formatCpu },
    { key: "memory", resource: "memoryBytes", format: formatMemory },
  ] as const;
  const limit = sizeOfList(limits);
  return changes
    .filter(({ key, resource }) => requests?.[key] !== undefined && size[resource] !== template[resource])
    .flatMap(({ key, resource, format }) => {
      const at = `/spec/containers/${index}/resources`;
      const moved = limit[resource] + size[resource] - template[resource];
      const request = { op: "replace", path: `${at}/requests/${key}`, value: format(size[resource]) };
      if (limits?.[key] === undefined) return [request];
      return [request, { op: "replace", path: `${at}/limits/${key}`, value: format(moved) }];
    });
}
