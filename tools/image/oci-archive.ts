// An image as one file, in the OCI layout (image-spec 1.1): what containerd, podman and docker load without a registry.

import { createHash } from "node:crypto";
import { tarArchive, type TarFile } from "./tar-archive.ts";

export interface OciImage {
  /** With its registry, as the node knows it: `docker.io/library/berth:0.1.0`. */
  readonly name: string;
  /** From the bottom up; each is a tar archive. */
  readonly layers: readonly Buffer[];
  /** `config` of the image's configuration. */
  readonly config: object;
  /** As OCI calls it; default: this machine's. */
  readonly architecture?: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** The archive, and the digest by which the image is known. */
export function ociArchive({ name, layers, config, architecture = ownArchitecture() }: OciImage): {
  readonly archive: Buffer;
  readonly digest: string;
} {
  const configuration = json({
    architecture,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor(CONFIG_TYPE, configuration),
    layers: layers.map((layer) => descriptor(LAYER_TYPE, layer)),
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor(MANIFEST_TYPE, manifest),
        annotations: {
          // containerd reads the first, docker and podman the second.
          "io.containerd.image.name": name,
          "org.opencontainers.image.ref.name": name,
        },
      },
    ],
  });
  const blobs = new Map([configuration, manifest, ...layers].map((blob) => [blobPath(blob), blob]));
  const archive = tarArchive([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", index),
    ...[...blobs].map(([path, blob]) => file(path, blob)),
  ]);
  return { archive, digest: digestOf(manifest) };
}

function ownArchitecture(): string {
  return ARCHITECTURES[process.arch] ?? process.arch;
}

function descriptor(mediaType: string, blob: Buffer): object {
  return { mediaType, digest: digestOf(blob), size: blob.length };
}

function digestOf(blob: Buffer): string {
  return `sha256:${createHash("sha256").update(blob).digest("hex")}`;
}

function blobPath(blob: Buffer): string {
  return `blobs/${digestOf(blob).replace(":", "/")}`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function file(path: string, content: Buffer): TarFile {
  return { path, content, mode: 0o644 };
}
