// Berth's image without a registry and without a container builder.

import { ociArchive } from "./oci-archive.ts";
import {
  APP_FOLDER,
  ENTRY_POINT,
  ENVIRONMENT,
  packagesLayer,
  runtimeLayer,
  sourcesLayer,
  USER,
} from "./image-content.ts";
import { tarArchive } from "./tar-archive.ts";

export interface BerthImageOptions {
  /** With its registry: `docker.io/library/berth:0.1.0`. */
  readonly name: string;
  /** Tell images of the same content apart. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The archive, and the digest that the same content has everywhere. */
export function berthImage({ name, labels = {} }: BerthImageOptions): {
  readonly archive: Buffer;
  readonly digest: string;
} {
  return ociArchive({
    name,
    layers: [runtimeLayer(), packagesLayer(), sourcesLayer()].map(tarArchive),
    config: {
      User: USER,
      Entrypoint: ENTRY_POINT,
      WorkingDir: APP_FOLDER,
      Env: ENVIRONMENT,
      ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    },
  });
}
