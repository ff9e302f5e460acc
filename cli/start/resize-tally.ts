// Counts what became of the proxies' resizes, from the objects alone.

import type { NodeContents } from "#sim/audit/node-contents.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import type { ObjectStore } from "#sim/loopback/object-store.ts";

export class ResizeTally {
  /** Changes of a proxy's spec. */
  resizes = 0;
  /** Times that kubelet put one off. */
  pended = 0;

  constructor(contents: NodeContents, store: ObjectStore) {
    contents.listen((event) => {
      if (event.kind !== "changed" || !event.pod.isProxy) return;
      const { request } = event.pod;
      const { request: before } = event.before;
      if (request.cpuMilli !== before.cpuMilli || request.memoryBytes !== before.memoryBytes) this.resizes++;
    });
    store.subscribe(({ resource, object, previous }) => {
      if (resource === "pods" && isPended(object) && (previous === undefined || !isPended(previous)))
        this.pended++;
    });
  }
}

function isPended({ status }: KubeObject): boolean {
  const conditions = (status?.["conditions"] ?? []) as readonly { readonly type: string }[];
  return conditions.some(({ type }) => type === "PodResizePending");
}
