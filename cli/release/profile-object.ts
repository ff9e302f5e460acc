// The MeshProfile that a command is about, read and written whole, on condition that nobody else wrote meanwhile.

import { APP_NAME_LENGTH_MAX } from "#kube/mesh-profile-schema.ts";
import { isConflict, isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { decodeReleasedProfile, type ReleasedProfile } from "#kube/released-profile.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";

export interface ProfileObject {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Whoever edits the profile at the same time is done by then. */
const ATTEMPTS_MAX = 3;

/**
 * The app that a command's only word names, with its namespace or within one.
 *
 * @throws UsageError if it is no app's name.
 */
export function namedApp(words: readonly string[], within: string | undefined): AppKey {
  const [word = "", ...others] = words;
  const full = within === undefined || word.startsWith(`${within}/`) ? word : `${within}/${word}`;
  const [namespace = "", name = "", ...more] = full.split("/");
  const isName = (text: string): boolean =>
    text.length <= APP_NAME_LENGTH_MAX && /^[a-zA-Z0-9]([-a-zA-Z0-9_.]*[a-zA-Z0-9])?$/.test(text);
  const usage = "say which app, as NAMESPACE/NAME, or NAME with --namespace";
  if (words.length === 0) throw new UsageError(usage);
  if (!isName(namespace) || !isName(name) || more.length > 0 || others.length > 0)
    throw new UsageError(`${usage}: "${words.join(" ")}" is none`);
  return { namespace, name };
}

export interface AppKey {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Reads the profile and writes what `change` makes of it, if anything.
 *
 * @throws UsageError for a profile that is not there, cannot be read or written, or that `change` refuses.
 */
export async function changeProfile<T extends { readonly object: object | undefined }>(
  connection: Pick<KubeConnection, "get" | "replace">,
  app: AppKey,
  change: (object: ProfileObject, profile: ReleasedProfile) => T,
): Promise<T> {
  const path = resourcePath({ ...MESH_PROFILES, ...app });
  const called = `MeshProfile ${app.namespace}/${app.name}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const object = (await connection.get(path)) as ProfileObject;
      const changed = change(object, decodeReleasedProfile(object));
      if (changed.object !== undefined) await connection.replace(path, changed.object);
      return changed;
    } catch (error) {
      if (isNotFound(error)) throw new UsageError(`there is no ${called}`, { cause: error });
      if (isConflict(error) && attempt < ATTEMPTS_MAX) continue;
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      throw new UsageError(`${called} cannot be changed: ${error.message}`, { cause: error });
    }
  }
}
