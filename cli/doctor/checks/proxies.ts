// Whether every node has a proxy that is ready and may be resized without a restart.

import { PROXY_LABEL } from "#model/app.ts";
import { DAEMON_SETS, NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import {
  type Check,
  type ClusterReader,
  conditionsOf,
  type Finding,
  fault,
  isReady,
  type KubeObject,
  nameOf,
  ok,
  someOf,
  warning,
} from "../finding.ts";

interface DaemonSetSpec {
  readonly template?: {
    readonly metadata?: KubeObject["metadata"];
    readonly spec?: { readonly priorityClassName?: string; readonly containers?: readonly Container[] };
  };
}

interface Container {
  readonly resizePolicy?: readonly { readonly resourceName: string; readonly restartPolicy: string }[];
}

export const proxies: Check = {
  name: "node proxies",
  async run(reader) {
    const all = await reader.list(resourcePath(DAEMON_SETS));
    const daemonSets = all.filter(
      ({ spec }) => template(spec)?.metadata?.labels?.[PROXY_LABEL] !== undefined,
    );
    if (daemonSets.length === 0)
      return [
        fault(
          `no DaemonSet's pods are labelled ${PROXY_LABEL}: no node takes a mesh pod`,
          "kubectl apply -k manifests/base, or label and annotate your own proxy's DaemonSet as docs/guides/bring-your-own-proxy.md says",
        ),
      ];
    const wrong = daemonSets.flatMap(templateFaults);
    return [...wrong, ...(await priorityFaults(reader, daemonSets)), await coverage(reader)];
  },
};

function template(spec: KubeObject["spec"]): DaemonSetSpec["template"] {
  return ((spec ?? {}) as DaemonSetSpec).template;
}

function templateFaults(daemonSet: KubeObject): readonly Finding[] {
  const { metadata, spec } = template(daemonSet.spec) ?? {};
  const findings: Finding[] = [];
  const restarts = (spec?.containers ?? []).flatMap(({ resizePolicy = [] }) =>
    resizePolicy.filter(({ restartPolicy }) => restartPolicy === "RestartContainer"),
  );
  if (restarts.length > 0)
    findings.push(
      fault(
        `DaemonSet ${nameOf(daemonSet)} restarts its container when ${restarts.map(({ resourceName }) => resourceName).join(" or ")} is resized: every app's connections on the node end each time`,
        "set resizePolicy to restartPolicy: NotRequired for cpu and memory",
      ),
    );
  if (metadata?.annotations?.[PROXY_BASE_ANNOTATION] === undefined)
    findings.push(
      warning(
        `DaemonSet ${nameOf(daemonSet)} does not say what a proxy costs without instances`,
        `annotate its template with ${PROXY_BASE_ANNOTATION}, for example '{"cpu":"100m","memory":"128Mi"}'`,
      ),
    );
  return findings;
}

// Without a class a proxy could be the first pod that goes when its node runs short.
async function priorityFaults(
  reader: ClusterReader,
  daemonSets: readonly KubeObject[],
): Promise<readonly Finding[]> {
  const findings = daemonSets.map(async (daemonSet): Promise<readonly Finding[]> => {
    const name = template(daemonSet.spec)?.spec?.priorityClassName;
    if (name === undefined)
      return [
        warning(
          `DaemonSet ${nameOf(daemonSet)} has no priorityClassName: a node that runs short may end its proxy first`,
          "set priorityClassName: berth",
        ),
      ];
    const found = await reader.get(`/apis/scheduling.k8s.io/v1/priorityclasses/${name}`);
    if (found !== undefined) return [];
    return [
      fault(
        `the PriorityClass ${name} does not exist: no new pod of DaemonSet ${nameOf(daemonSet)} can be created`,
        "kubectl apply -f manifests/base/priority-class.yaml",
      ),
    ];
  });
  return (await Promise.all(findings)).flat();
}

async function coverage(reader: ClusterReader): Promise<Finding> {
  const nodes = await reader.list(resourcePath(NODES));
  const pods = await reader.list(resourcePath(PODS), { labelSelector: PROXY_LABEL });
  const ready = new Set(pods.filter(isReady).map(({ spec }) => spec?.["nodeName"]));
  const present = new Set(pods.map(({ spec }) => spec?.["nodeName"]));
  const without = nodes.map(({ metadata }) => metadata.name).filter((name) => !present.has(name));
  const unready = [...present].filter((name): name is string => typeof name === "string" && !ready.has(name));
  const pending = pods.filter((pod) => resizeTrouble(pod) !== undefined);
  if (without.length > 0)
    return warning(
      `${without.length} of ${nodes.length} nodes have no proxy and take no mesh pods: ${someOf(without)}`,
      "let the DaemonSet's nodeSelector and tolerations reach them, unless that is meant",
    );
  if (unready.length > 0)
    return fault(
      `${unready.length} of ${nodes.length} nodes' proxies are not ready, and these take no mesh pods: ${someOf(unready)}`,
      "kubectl get pods -A -l berth.dev/node-proxy -o wide, and their logs",
    );
  if (pending.length > 0)
    return warning(
      `${pending.length} of ${nodes.length} nodes' proxies wait for room to grow: ${someOf(pending.map((pod) => `${String(pod.spec?.["nodeName"])} (${resizeTrouble(pod)})`))}`,
      "Deferred waits for other pods to leave; Infeasible is more than the node has: lower the profiles' costs or use larger nodes",
    );
  return ok(`${nodes.length} nodes, each with a ready proxy`);
}

function resizeTrouble(pod: KubeObject): string | undefined {
  return conditionsOf(pod).find(({ type, status }) => type === "PodResizePending" && status === "True")
    ?.reason;
}
