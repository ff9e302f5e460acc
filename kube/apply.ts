// Server-side apply: say which fields are ours and what they should be, and let the server merge.

import type { KubeConnection } from "./connection.ts";

export interface ApplyOptions {
  /** Who owns the applied fields; fields this manager applied before and leaves out now are removed. */
  readonly fieldManager: string;
  /** True takes fields from other managers instead of failing with KubeConflict. */
  readonly force?: boolean;
  readonly subresource?: string;
}

/**
 * Creates or updates the object at `path` (of the object itself). `object` needs apiVersion and kind.
 *
 * @throws KubeApiError with reason Conflict and one cause per field that another manager owns, unless forced.
 */
export function serverSideApply(
  connection: Pick<KubeConnection, "patch">,
  path: string,
  object: unknown,
  options: ApplyOptions,
): Promise<unknown> {
  const { fieldManager, force, subresource } = options;
  const target = subresource === undefined ? path : `${path}/${subresource}`;
  return connection.patch(target, object, { type: "apply", query: { fieldManager, force } });
}
