// What kubelet mounts into a pod: the keys of Secrets and ConfigMaps as files, once they are there, and from then on as
// they change. A volume's files are exchanged all at once, as kubelet does it: each is a link through one link to the
// folder of the present version.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
/** Kubelet takes a minute and more; suites have less time, but what changes should not be there at once either. */
const FOLLOW_MS = 5_000;

export class MountedVolumes {
  readonly #connection: KubeConnection;
  readonly #volumes: readonly MountedVolume[];

  /**
   * Writes the files below `folder`.
   *
   * @throws Error if what is to be mounted does not come.
   */
  static async mount(
    connection: KubeConnection,
    { metadata: { namespace }, spec }: MountingPod,
    folder: string,
  ): Promise<MountedVolumes> {
    const volumes: MountedVolume[] = [];
    for (const { name, mountPath } of spec.containers[0]?.volumeMounts ?? []) {
      const volume = spec.volumes?.find((candidate) => candidate.name === name);
      if (volume?.secret === undefined && volume?.configMap === undefined) continue;
      const source = sourceOf(volume, namespace);
      const mounted = new MountedVolume(source, mountPath, join(folder, name));
      mounted.write(await present(connection, source));
      volumes.push(mounted);
    }
    return new MountedVolumes(connection, volumes);
  }

  private constructor(connection: KubeConnection, volumes: readonly MountedVolume[]) {
    this.#connection = connection;
    this.#volumes = volumes;
  }

  /** A text with the paths of the container replaced by those that are here. */
  placed(text: string): string {
    return this.#volumes.reduce(
      (changed, { mountPath, folder }) => changed.replaceAll(`${mountPath}/`, `${folder}/`),
      text,
    );
  }

  /** Has the files change with what they are of, until the pod's process has ended. */
  follow(exited: Promise<void>): void {
    const over = new AbortController();
    void exited.then(() => over.abort());
    if (this.#volumes.length > 0) void this.#follow(over.signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const volume of this.#volumes) {
        const files = await filesOf(this.#connection, volume.source).catch(() => undefined);
        // What was deleted stays mounted.
        if (files !== undefined && !signal.aborted) volume.write(files);
      }
      // Aborted, it has no more to wait for.
      await setTimeout(FOLLOW_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

type Files = ReadonlyMap<string, Buffer>;

class MountedVolume {
  readonly source: VolumeSource;
  readonly mountPath: string;
  readonly folder: string;
  #files: Files = new Map();
  #version = 0;

  constructor(source: VolumeSource, mountPath: string, folder: string) {
    this.source = source;
    this.mountPath = mountPath;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  write(files: Files): void {
    if (isSame(files, this.#files)) return;
    const before = `..${this.#version}`;
    const version = `..${(this.#version += 1)}`;
    mkdirSync(join(this.folder, version));
    for (const [file, content] of files)
      writeFileSync(join(this.folder, version, file), content, { mode: 0o600 });
    symlinkSync(version, join(this.folder, NEXT));
    renameSync(join(this.folder, NEXT), join(this.folder, PRESENT));
    for (const file of files.keys())
      if (!this.#files.has(file)) symlinkSync(join(PRESENT, file), join(this.folder, file));
    this.#files = files;
    rmSync(join(this.folder, before), { recursive: true, force: true });
  }
}

/** As kubelet names them. */
const PRESENT = "..data";
const NEXT = "..data_tmp";

function isSame(one: Files, other: Files): boolean {
  return (
    one.size === other.size && [...one].every(([file, content]) => other.get(file)?.equals(content) === true)
  );
}

interface VolumeSource {
  /** Of the object in the API. */
  readonly path: string;
  readonly encoding: "utf8" | "base64";
  readonly items: readonly KeyPath[] | undefined;
}

function sourceOf({ secret, configMap }: Volume, namespace: string): VolumeSource {
  const kind = secret === undefined ? "configmaps" : "secrets";
  const name = secret?.secretName ?? configMap?.name ?? "";
  return {
    path: `/api/v1/namespaces/${namespace}/${kind}/${name}`,
    encoding: secret === undefined ? "utf8" : "base64",
    items: secret?.items ?? configMap?.items,
  };
}

async function present(connection: KubeConnection, source: VolumeSource): Promise<Files> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const files = await filesOf(connection, source).catch(() => undefined);
    if (files !== undefined) return files;
    if (Date.now() > deadlineMs) throw new Error(`waited too long for ${source.path}`);
    await setTimeout(POLL_MS);
  }
}

/**
 * Undefined while a key is missing.
 *
 * @throws OperationError if the object is not there.
 */
async function filesOf(
  connection: KubeConnection,
  { path, encoding, items }: VolumeSource,
): Promise<Files | undefined> {
  const { data = {} } = (await connection.get(path)) as { readonly data?: Readonly<Record<string, string>> };
  const wanted = items ?? Object.keys(data).map((key) => ({ key, path: key }));
  if (wanted.length === 0 || wanted.some(({ key }) => (data[key] ?? "") === "")) return undefined;
  return new Map(wanted.map(({ key, path: file }) => [file, Buffer.from(data[key] ?? "", encoding)]));
}
