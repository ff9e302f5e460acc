// core/v1 Pod → what the proxy needs of it. By hand, since it runs for every event and drops the rest at once.

import { meshAppOf } from "#model/app.ts";
import type { Labels } from "#model/app.ts";
import { appPort, type DeclaredPorts } from "#model/app-port.ts";
import type { PodUid } from "#model/brand.ts";

import type { PodCondition, WatchedPod } from "../policy/pod-registry.ts";

export interface ProjectedPod {
  readonly uid: PodUid;
  /** Succeeded or failed: it keeps no address and will not come back. */
  readonly isFinished: boolean;
  /** Undefined outside the mesh, and until the pod has an address. */
  readonly pod: WatchedPod | undefined;
}

/** @throws TypeError if the object has no uid or name. */
export function projectPod(raw: unknown): ProjectedPod {
  const { metadata, spec, status } = raw as ApiPod;
  if (typeof metadata?.uid !== "string" || typeof metadata.name !== "string") {
    throw new TypeError("a pod needs metadata.uid and metadata.name");
  }
  const uid = metadata.uid as PodUid;
  const namespace = metadata.namespace ?? "default";
  const app = meshAppOf(namespace, metadata.labels ?? {});
  const address = status?.podIP;
  const isFinished = status?.phase === "Succeeded" || status?.phase === "Failed";
  if (app === undefined || address === undefined || address === "" || isFinished) {
    return { uid, isFinished, pod: undefined };
  }
  const port = appPort(metadata.annotations, spec?.containers)?.port;
  const pod = {
    uid,
    namespace,
    name: metadata.name,
    app,
    address,
    port,
    condition: condition(metadata.deletionTimestamp, status),
  };
  return { uid, isFinished, pod };
}

interface ApiPod {
  readonly metadata?: {
    readonly uid?: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly containers?: readonly DeclaredPorts[] };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
  };
}

function condition(deletedAt: string | undefined, status: ApiPod["status"]): PodCondition {
  if (deletedAt !== undefined) return "draining";
  const isReady = (status?.conditions ?? []).some(
    ({ type, status: value }) => type === "Ready" && value === "True",
  );
  return isReady ? "ready" : "unready";
}
