// A trace's pod as the replayed cluster sees it: the names the model wants, and the request its mesh makes of it.

import { appName } from "#model/app.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import type { SidecarSize } from "../policies/sidecar.ts";
import type { TracePod } from "../traces/trace.ts";

/** How the mesh of a run is carried: a proxy container in every pod, or one proxy pod on every node. */
export type MeshModel =
  | { readonly kind: "sidecar"; readonly size: SidecarSize }
  | { readonly kind: "nodeProxy" };

/** One object per pod, which the ledger keeps as well: there may be hundreds of thousands at once. */
export interface ReplayPod extends PodView {
  readonly app: AppName;
  /** What the scheduler counts: A, with the sidecar where there is one. */
  readonly request: Resources;
  /** The trace's name for the place that the pod is in. */
  slot: string;
  /** Set by the cluster when it binds the pod. */
  nodeName: NodeName | undefined;
  /** The sidecar's part of the request; nothing with node proxies. */
  readonly sidecar: Resources;
  /** The controller that keeps the app's pods alike. */
  readonly ownerUid: string;
  readonly proxy: undefined;
  readonly traced: TracedApp;
}

/** What the pods of one app share. */
export interface TracedApp {
  /** The trace's. */
  readonly name: string;
  readonly app: AppName;
  /** Small, and its own among the apps that have pods now: for those who keep something of each app in a list. */
  number: number;
  readonly ownerUid: string;
  /** How many pods of it there are. */
  pods: number;
}

/** Told when the first pod of an app is made, and when its last one is gone. */
export interface AppsObserver {
  appCame(app: AppName): void;
  appLeft(app: AppName): void;
}

export function replayPod(pod: TracePod, mesh: MeshModel): ReplayPod {
  return new PodMaker(mesh).make(pod);
}

/** Makes the pods of a run; what the pods of one app share is made once. */
export class PodMaker {
  readonly #mesh: MeshModel;
  readonly #observer: AppsObserver | undefined;
  readonly #apps = new Map<string, TracedApp>();
  /** Of apps that have gone, for those to come. */
  readonly #freeNumbers: number[] = [];

  constructor(mesh: MeshModel, observer?: AppsObserver) {
    this.#mesh = mesh;
    this.#observer = observer;
  }

  make(pod: TracePod): ReplayPod {
    const mesh = this.#mesh;
    const { id, request } = pod;
    const traced = this.#appOf(pod.app);
    const { app, ownerUid } = traced;
    this.#count(traced);
    const sidecar = mesh.kind === "sidecar" ? mesh.size(request) : noResources;
    return {
      uid: id as PodUid,
      namespace: NAMESPACE,
      name: id,
      slot: id,
      app,
      request: mesh.kind === "sidecar" ? addResources(request, sidecar) : request,
      nodeName: undefined,
      isFinished: false,
      ownerUid,
      proxy: undefined,
      sidecar,
      traced,
    };
  }

  /** One like it, but for what makes it another one. */
  another(pod: ReplayPod, own: Pick<ReplayPod, "uid" | "name" | "slot" | "ownerUid">): ReplayPod {
    // All pods of the app may have gone and others come since.
    const traced = this.#apps.get(pod.traced.name) ?? pod.traced;
    this.#count(traced);
    return { ...pod, traced, nodeName: undefined, ...own };
  }

  /** To be called once for a pod that was made. */
  gone({ traced }: ReplayPod): void {
    traced.pods--;
    if (traced.pods > 0) return;
    this.#apps.delete(traced.name);
    this.#freeNumbers.push(traced.number);
    this.#observer?.appLeft(traced.app);
  }

  #count(traced: TracedApp): void {
    traced.pods++;
    if (traced.pods > 1) return;
    traced.number = this.#freeNumbers.pop() ?? this.#apps.size;
    this.#apps.set(traced.name, traced);
    this.#observer?.appCame(traced.app);
  }

  #appOf(name: string): TracedApp {
    const known = this.#apps.get(name);
    if (known !== undefined) return known;
    const app = tracedApp(name);
    // The owner is a name like another: one text for both.
    return { name, app, number: NO_NUMBER, ownerUid: app, pods: 0 };
  }
}

/** Of an app without pods. */
const NO_NUMBER = -1;

/** The trace's apps share one namespace. */
export function tracedApp(name: string): AppName {
  return appName(NAMESPACE, name);
}

export const NAMESPACE = "trace";
