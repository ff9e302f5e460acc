// The cluster as the checks read it. Nothing is changed: what is created is created as a trial, or is a question.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { listPages } from "#kube/list-pages.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { ClusterReader, KubeObject } from "./finding.ts";

const PAGE_SIZE = 500;
/** A cluster of 5,000 nodes with thirty mesh pods each. */
const OBJECTS_MAX = 150_000;

export function apiReader(connection: KubeConnection, namespace: string, nowMs: number): ClusterReader {
  return {
    namespace,
    nowMs,
    async get(path, query) {
      try {
        return await connection.get(path, query);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    text: (path) => connection.getText(path),
    async list(path, query = {}) {
      const items: KubeObject[] = [];
      for await (const page of listPages(connection, { path, query, pageSize: PAGE_SIZE })) {
        items.push(...(page.items as readonly KubeObject[]));
        if (items.length > OBJECTS_MAX)
          throw new OperationError("TooMany", `${path} has more than ${OBJECTS_MAX} objects`);
      }
      return items;
    },
    review: (path, question) => connection.create(path, question),
    tryCreate: async (path, object) =>
      (await connection.create(path, object, { dryRun: "All" })) as KubeObject,
  };
}
