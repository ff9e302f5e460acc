// Counts what kubelets did, from the objects alone: resizes made and put off, pods refused.

import type { NodeContents } from "#sim/audit/node-contents.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import type { ObjectStore } from "#sim/loopback/object-store.ts";

export class KubeletTally {
  /** Changes of a proxy's spec. */
  resizes = 0;
  /** Times that kubelet put one off. */
  pended = 0;
  /** Pods that were bound and found no room on their node. */
  rejected = 0;

  constructor(contents: NodeContents, store: ObjectStore) {
    contents.listen((event) => {
      if (event.kind !== "changed" || !event.pod.isProxy) return;
      const { request } = event.pod;
      const { request: before } = event.before;
      if (request.cpuMilli !== before.cpuMilli || request.memoryBytes !== before.memoryBytes) this.resizes++;
    });
    store.subscribe(({ resource, object, previous }) => {
      if (resource !== "pods") return;
      if (isPended(object) && (previous === undefined || !isPended(previous))) this.pended++;
      if (isRejected(object) && (previous === undefined || !isRejected(previous))) this.rejected++;
    });
  }
}

function isPended({ status }: KubeObject): boolean {
  const conditions = (status?.["conditions"] ?? []) as readonly { readonly type: string }[];
  return conditions.some(({ type }) => type === "PodResizePending");
}

function isRejected({ status }: KubeObject): boolean {
  return status?.["phase"] === "Failed" && String(status["reason"]).startsWith("OutOf");
}
