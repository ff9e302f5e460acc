// What kubelet mounts into a pod: the keys of Secrets and ConfigMaps as files, once they are there.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { KubeConnection } from "#kube/connection.ts";

export interface MountingPod {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly volumes?: readonly Volume[];
    readonly containers: readonly {
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
  };
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly items?: readonly KeyPath[] };
  readonly configMap?: { readonly name: string; readonly items?: readonly KeyPath[] };
}

interface KeyPath {
  readonly key: string;
  readonly path: string;
}

/** As kubelet, which waits for as long as the pod does. */
const POLL_MS = 250;
const WAIT_MS_MAX = 60_000;

/**
 * Writes the files below `folder`, and says where a path in the container is there.
 *
 * @throws Error if what is to be mounted does not come.
 */
export async function mountVolumes(
  connection: KubeConnection,
  { metadata, spec }: MountingPod,
  folder: string,
): Promise<(text: string) => string> {
  const places: (readonly [mountPath: string, path: string])[] = [];
  for (const { name, mountPath } of spec.containers[0]?.volumeMounts ?? []) {
    const volume = spec.volumes?.find((candidate) => candidate.name === name);
    if (volume?.secret === undefined && volume?.configMap === undefined) continue;
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of await filesOf(connection, metadata.namespace, volume))
      writeFileSync(join(path, file), content, { mode: 0o600 });
    places.push([mountPath, path]);
  }
  return (text) => places.reduce((changed, [from, to]) => changed.replaceAll(`${from}/`, `${to}/`), text);
}

async function filesOf(
  connection: KubeConnection,
  namespace: string,
  { secret, configMap }: Volume,
): Promise<ReadonlyMap<string, Buffer>> {
  const kind = secret === undefined ? "configmaps" : "secrets";
  const name = secret?.secretName ?? configMap?.name ?? "";
  const encoding = secret === undefined ? "utf8" : "base64";
  const items = secret?.items ?? configMap?.items;
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const data = await connection.get(`/api/v1/namespaces/${namespace}/${kind}/${name}`).then(
      (object) => (object as { readonly data?: Readonly<Record<string, string>> }).data ?? {},
      () => ({}) as Readonly<Record<string, string>>,
    );
    const wanted = items ?? Object.keys(data).map((key) => ({ key, path: key }));
    if (wanted.length > 0 && wanted.every(({ key }) => (data[key] ?? "") !== ""))
      return new Map(wanted.map(({ key, path }) => [path, Buffer.from(data[key] ?? "", encoding)]));
    if (Date.now() > deadlineMs) throw new Error(`waited too long for ${kind} ${namespace}/${name}`);
    await setTimeout(POLL_MS);
  }
}
