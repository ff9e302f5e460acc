// What an installation knows and must not lose: read from the API as anyone could.

import { appName, PROXY_LABEL } from "#model/app.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { decodeNodeSlice, MANAGED_SELECTOR } from "#kube/node-slice.ts";
import { CONFIG_MAPS, ENDPOINT_SLICES, MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { readStateText } from "#vpa-recommender/shell/state-text.ts";
import { berthObjects } from "./leftovers.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface KeptState {
  /** By app: `uid inbound/outbound`. */
  readonly ports: ReadonlyMap<string, string>;
  /** By app: how many readings its learned costs rest on. */
  readonly learned: ReadonlyMap<string, number>;
  /** By app: the version that settled, its configuration and the phase. */
  readonly releases: ReadonlyMap<string, string>;
  /** By entry of what the recommender keeps: how many readings stand behind it. */
  readonly readings: ReadonlyMap<string, number>;
  /** By Secret or ConfigMap: the authority's certificate. */
  readonly authorities: ReadonlyMap<string, string>;
  /** By EndpointSlice: `uid node address …`. */
  readonly slices: ReadonlyMap<string, string>;
  /** By node: what its proxy requests. */
  readonly sizes: ReadonlyMap<string, number>;
  /** By uid: the mesh pod's node. */
  readonly pods: ReadonlyMap<string, string>;
  /** Kind and name of every object of Berth's. */
  readonly objects: ReadonlySet<string>;
}

export async function keptState(cluster: TestCluster, namespace: string): Promise<KeptState> {
  const profiles = await list<Profile>(cluster, resourcePath(MESH_PROFILES));
  const ofApp = <T>(read: (profile: Profile) => T | undefined): ReadonlyMap<string, T> =>
    new Map(
      profiles.flatMap((profile) => {
        const value = read(profile);
        return value === undefined
          ? []
          : [[appName(profile.metadata.namespace, profile.metadata.name), value]];
      }),
    );
  const proxies = (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL }))
    .filter((raw) => (raw as Raw).metadata.deletionTimestamp === undefined)
    .map(decodePod);
  const pods = (await cluster.pods(namespace)).map(decodePod);
  const { names } = await berthObjects(cluster);
  return {
    ports: ofApp(({ metadata, status }) =>
      status?.ports === undefined
        ? undefined
        : `${metadata.uid} ${status.ports.inbound}/${status.ports.outbound}`,
    ),
    learned: ofApp(({ status }) => status?.learned?.samples),
    releases: ofApp(({ status }) =>
      status?.release === undefined
        ? undefined
        : JSON.stringify([status.release.phase, status.release.settled]),
    ),
    readings: await readings(cluster),
    authorities: await authorities(cluster),
    slices: await slices(cluster, namespace),
    sizes: new Map(proxies.map(({ nodeName, request }) => [nodeName ?? "", request.memoryBytes])),
    pods: new Map(pods.map(({ uid, nodeName }) => [uid, nodeName ?? ""])),
    objects: new Set(names.filter((name) => !PASSING.test(name))),
  };
}

// Made anew with every rollout, by whoever owns them.
const PASSING =
  /^(Pod|ReplicaSet|ControllerRevision|CertificateSigningRequest|Event|EndpointSlice|Endpoints|Lease|PodMetrics) /;

interface Raw {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
}

interface Profile extends Raw {
  readonly status?: {
    readonly ports?: { readonly inbound: number; readonly outbound: number };
    readonly learned?: { readonly samples: number };
    readonly release?: { readonly phase: string; readonly settled: object };
  };
}

async function list<T>({ connection }: TestCluster, path: string, query = {}): Promise<readonly T[]> {
  return ((await connection.get(path, query)) as { readonly items: readonly T[] }).items;
}

async function readings(cluster: TestCluster): Promise<ReadonlyMap<string, number>> {
  const path = resourcePath({ ...CONFIG_MAPS, namespace: SYSTEM_NAMESPACE });
  const labelSelector = "berth.dev/recommender-state";
  const maps = await list<{ readonly binaryData?: Readonly<Record<string, string>> }>(cluster, path, {
    labelSelector,
  });
  const counts = new Map<string, number>();
  for (const { binaryData = {} } of maps) {
    const read = readStateText(Buffer.from(binaryData["state.json.gz"] ?? "", "base64"));
    if (typeof read === "string") throw new Error(`a part of the learned state is ${read}`);
    for (const [key, { state }] of read) {
      const {
        demand,
        samples,
        readings: totals,
      } = state as {
        readonly demand?: { readonly samples: number };
        readonly samples?: number;
        readonly readings?: number;
      };
      counts.set(key, demand?.samples ?? samples ?? totals ?? 0);
    }
  }
  return counts;
}

async function authorities(cluster: TestCluster): Promise<ReadonlyMap<string, string>> {
  const kept = new Map<string, string>();
  for (const name of ["berth-scheduler-extender-tls", "berth-mesh-authority"]) {
    const { data = {} } = (await cluster.connection.get(
      `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/${name}`,
    )) as { readonly data?: Readonly<Record<string, string>> };
    kept.set(name, data["ca.crt"] ?? "");
  }
  return kept;
}

async function slices(cluster: TestCluster, namespace: string): Promise<ReadonlyMap<string, string>> {
  const path = resourcePath({ ...ENDPOINT_SLICES, namespace });
  const raws = await list<Raw>(cluster, path, { labelSelector: MANAGED_SELECTOR });
  return new Map(
    raws.map((raw) => {
      const { entries, inboundPort } = decodeNodeSlice(raw);
      const nodes = entries.map(({ node, address }) => `${node}=${address}`).toSorted();
      return [raw.metadata.name, `${raw.metadata.uid} ${inboundPort} ${nodes.join(" ")}`];
    }),
  );
}
