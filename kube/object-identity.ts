// Which object, and which version of it: the part of any API object's metadata that this layer needs.

import { OperationError } from "#runtime/operation-error.ts";

export interface ObjectIdentity {
  /** "namespace/name", or "name" for a cluster-scoped object. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** @throws OperationError KubeMalformed if there is no metadata.name. */
export function objectIdentity(raw: unknown): ObjectIdentity {
  const metadata = metadataOf(raw);
  const { name, namespace } = metadata;
  if (typeof name !== "string" || name === "") {
    throw new OperationError("KubeMalformed", "an object of the answer has no metadata.name");
  }
  return {
    key: typeof namespace === "string" && namespace !== "" ? `${namespace}/${name}` : name,
    uid: typeof metadata.uid === "string" ? metadata.uid : "",
    resourceVersion: resourceVersionOf(raw),
  };
}

/** The object's metadata.resourceVersion, or an empty string; all that a bookmark carries. */
export function resourceVersionOf(raw: unknown): string {
  const { resourceVersion } = metadataOf(raw);
  return typeof resourceVersion === "string" ? resourceVersion : "";
}

function metadataOf(raw: unknown): RawMetadata {
  return (raw as { readonly metadata?: RawMetadata } | null | undefined)?.metadata ?? {};
}

interface RawMetadata {
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly uid?: unknown;
  readonly resourceVersion?: unknown;
}
