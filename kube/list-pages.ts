// A collection read page by page, so that neither side holds it as one document.

import { OperationError } from "#runtime/operation-error.ts";
import type { KubeConnection } from "./connection.ts";
import type { Query } from "./query.ts";

export interface ListPage {
  readonly items: readonly unknown[];
  /** The same on every page: the version of the snapshot they are cut from. */
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly path: string;
  readonly query?: Query;
  readonly pageSize: number;
  readonly signal?: AbortSignal;
}

/**
 * The pages of one consistent list, never older than what was there when it began.
 *
 * @throws KubeApiError (410 once the continue token has outlived the server's history), OperationError KubeMalformed,
 *   and what KubeConnection.request throws.
 */
export async function* listPages(
  connection: Pick<KubeConnection, "request">,
  options: ListOptions,
): AsyncGenerator<ListPage, void> {
  const { path, pageSize, signal } = options;
  let continueToken: string | undefined;
  do {
    const query = { ...options.query, limit: pageSize, continue: continueToken };
    const raw = await connection.request({
      method: "GET",
      path,
      query,
      ...(signal === undefined ? {} : { signal }),
    });
    const list = raw as RawList | undefined;
    const resourceVersion = list?.metadata?.resourceVersion;
    if (!Array.isArray(list?.items ?? []) || typeof resourceVersion !== "string") {
      throw new OperationError("KubeMalformed", `GET ${path} did not answer a list`);
    }
    yield { items: list?.items ?? [], resourceVersion };
    continueToken = list?.metadata?.continue === "" ? undefined : list?.metadata?.continue;
  } while (continueToken !== undefined);
}

/** Go writes an empty list's items as null. */
interface RawList {
  readonly items?: readonly unknown[] | null;
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: string };
}
