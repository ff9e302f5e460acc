// Whether kube-scheduler asks the extender, and looks at enough nodes. Its configuration lies on the control plane's
// nodes and cannot be read; what it does can: in its pod's command, and in what the extender has counted.

import { PODS, resourcePath } from "#kube/resource-path.ts";
import { LEADER_LABEL } from "#scheduler-extender/shell/leader-label.ts";
import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { Scrape } from "../../start/scrape.ts";
import {
  type Check,
  type ClusterReader,
  type Finding,
  fault,
  isReady,
  type KubeObject,
  ok,
  warning,
} from "../finding.ts";

/** components/second-scheduler, for control planes that are somebody else's. */
const SECOND_SCHEDULER = "app.kubernetes.io/name=berth-kube-scheduler";
/** kube-scheduler/static-pod.yaml, which listens on its node's loopback alone. */
const BESIDE = "app.kubernetes.io/name=berth-scheduler-extender-verbs";
const CONTROL_PLANE = "kube-system";
const OPERATIONS_PORT = 9090;
const WIRE =
  'wire it as docs/guides/wire-the-scheduler.md says; kube-scheduler\'s log says "Skipping extender" where it does not reach it';
/** Fewer bindings say nothing. */
const BINDINGS_MIN = 5;
/** Some pods are not offered their app's node for good reasons, such as a taint. */
const NOT_OFFERED_SHARE_MAX = 0.2;

export const scheduling: Check = {
  name: "kube-scheduler",
  async run(reader) {
    const second = await labelled(reader, reader.namespace, SECOND_SCHEDULER);
    // With one of Berth's own the cluster's need not know the extender.
    const unwired = second.length > 0 ? unreadyScheduler(second) : await unwiredSchedulers(reader);
    const beside = await labelled(reader, CONTROL_PLANE, BESIDE);
    if (beside.length > 0) return unwired.length > 0 ? unwired : [askedBeside(beside)];
    const counted = await countedByExtender(reader);
    const findings = [...unwired, ...(counted === undefined ? [] : judged(counted))];
    if (findings.length > 0) return findings;
    if (counted === undefined)
      return [{ level: "unknown", what: "no extender leads that could say whether it is asked" }];
    const filters = counted.sum("berth_extender_decisions_total", { verb: "filter" });
    return [
      ok(
        filters === 0
          ? "has had nothing to ask the extender yet"
          : `has asked the extender about ${filters} pods`,
      ),
    ];
  },
};

// As kubeadm labels its static pods; where the control plane is somebody else's there are none.
async function unwiredSchedulers(reader: ClusterReader): Promise<readonly Finding[]> {
  const pods = await labelled(reader, CONTROL_PLANE, "component=kube-scheduler");
  return pods
    .filter((pod) => !commandOf(pod).some((word) => word.startsWith("--config")))
    .map(({ metadata }) =>
      fault(`${CONTROL_PLANE}/${metadata.name} runs without --config: it knows no extender`, WIRE),
    );
}

function labelled(
  reader: ClusterReader,
  namespace: string,
  labelSelector: string,
): Promise<readonly KubeObject[]> {
  return reader.list(resourcePath({ ...PODS, namespace }), { labelSelector });
}

function unreadyScheduler(pods: readonly KubeObject[]): readonly Finding[] {
  if (pods.some(isReady)) return [];
  return [
    fault(
      `none of the ${pods.length} pods of berth-kube-scheduler is ready: mesh pods are placed by nobody`,
      "kubectl -n berth-system describe pods -l app.kubernetes.io/name=berth-kube-scheduler, and their logs; its version is to be the cluster's minor version",
    ),
  ];
}

// What those have counted nobody outside of their nodes can ask; the Deployment's extender is not asked for nodes then.
function askedBeside(pods: readonly KubeObject[]): Finding {
  const ready = pods.filter(isReady).length;
  if (ready === pods.length) return ok(`asks the ${ready} extenders beside it over loopback`);
  return fault(
    `${pods.length - ready} of the ${pods.length} extenders beside kube-scheduler are not ready`,
    "kubectl -n kube-system describe pods -l app.kubernetes.io/name=berth-scheduler-extender-verbs; most often its kubeconfig is missing or over",
  );
}

function commandOf({ spec }: KubeObject): readonly string[] {
  const containers = (spec?.["containers"] ?? []) as readonly {
    readonly command?: readonly string[];
    readonly args?: readonly string[];
  }[];
  return containers.flatMap(({ command = [], args = [] }) => command.concat(args));
}

async function countedByExtender(reader: ClusterReader): Promise<Scrape | undefined> {
  const { namespace } = reader;
  const [leader] = await reader.list(resourcePath({ ...PODS, namespace }), {
    labelSelector: `${LEADER_LABEL}=${EXTENDER_LEASE}`,
  });
  if (leader === undefined) return undefined;
  const name = `${leader.metadata.name}:${OPERATIONS_PORT}`;
  const path = `${resourcePath({ ...PODS, namespace, name, subresource: "proxy" })}/metrics`;
  return new Scrape(await reader.text(path));
}

function judged(counted: Scrape): readonly Finding[] {
  const bound = (guess: string): number => counted.sum("berth_extender_bindings_total", { guess });
  const colocation = (outcome: string): number => counted.sum("berth_extender_colocation_total", { outcome });
  const asked = bound("right") + bound("wrong");
  // A few are bound around a change of leaders without the new one having been asked.
  if (bound("none") >= BINDINGS_MIN && bound("none") > asked)
    return [
      fault(
        `of ${asked + bound("none")} mesh pods that were bound, the extender was not asked about ${bound("none")}`,
        WIRE,
      ),
    ];
  const notOffered = colocation("notOffered");
  const couldJoin = notOffered + colocation("hit");
  if (couldJoin >= BINDINGS_MIN && notOffered / couldJoin > NOT_OFFERED_SHARE_MAX)
    return [
      warning(
        `${notOffered} of ${couldJoin} pods could have joined their app on a node that kube-scheduler did not offer: it looks at a sample of the nodes`,
        "set percentageOfNodesToScore: 100 as manifests/kube-scheduler/configuration.yaml does, or use nominate mode",
      ),
    ];
  return [];
}
