// The nodes and pods a plan is made for, as the API writes them: out of a saved list, or read from a cluster.

import { readFile, stat } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { KubeConnection } from "#kube/connection.ts";
import { listPages } from "#kube/list-pages.ts";
import { NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";

export interface SnapshotObjects {
  readonly nodes: readonly unknown[];
  readonly pods: readonly unknown[];
}

/** A string of V8's holds no more; 100,000 pods without managedFields take about half of it. */
const SNAPSHOT_BYTES_MAX = 2 ** 29 - 2 ** 20;

const HOW = "save one with: kubectl get nodes,pods -A -o json > cluster.json";

// The objects' own fields are the API's business and are looked at by their decoders.
const savedList = z.object({
  kind: z.literal("List"),
  items: z.array(z.looseObject({ kind: z.string() })),
});

/**
 * The objects in a file that `kubectl get nodes,pods -A -o json` wrote, plain or gzipped.
 *
 * @throws UsageError if the file cannot be read, is no such list, or has no nodes or no pods.
 */
export async function readSnapshot(path: string): Promise<SnapshotObjects> {
  const list = savedList.safeParse(parsed(path, await textOf(path)));
  if (!list.success) {
    const [issue] = list.error.issues;
    throw new UsageError(
      `${path}: is no list of nodes and pods (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}); ${HOW}`,
    );
  }
  const { items } = list.data;
  const nodes = items.filter(({ kind }) => kind === "Node");
  const pods = items.filter(({ kind }) => kind === "Pod");
  if (nodes.length === 0) throw new UsageError(`${path}: holds no nodes; ${HOW}`);
  if (pods.length === 0) throw new UsageError(`${path}: holds no pods; ${HOW}`);
  return { nodes, pods };
}

/** An answer of some megabytes: pods are large. */
const PAGE_SIZE = 500;

/**
 * The objects of a cluster that runs.
 *
 * @throws UsageError if the API server does not list them.
 */
export async function listSnapshot(connection: Pick<KubeConnection, "request">): Promise<SnapshotObjects> {
  try {
    return { nodes: await listed(connection, NODES), pods: await listed(connection, PODS) };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`nodes and pods cannot be listed: ${error.message}`, { cause: error });
  }
}

async function listed(
  connection: Pick<KubeConnection, "request">,
  resource: typeof NODES | typeof PODS,
): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const { items } of listPages(connection, {
    path: resourcePath(resource),
    pageSize: PAGE_SIZE,
  })) {
    for (const item of items) all.push(item);
  }
  return all;
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > SNAPSHOT_BYTES_MAX) throw tooLarge(path);
    const bytes = await readFile(path);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isGzip ? gunzipSync(bytes, { maxOutputLength: SNAPSHOT_BYTES_MAX }) : bytes).toString("utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(path);
    throw new UsageError(`${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
}

function tooLarge(path: string): UsageError {
  return new UsageError(
    `${path}: is larger than ${SNAPSHOT_BYTES_MAX} bytes; leave managedFields out, or give --kubeconfig instead`,
  );
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path}: is not JSON (${(error as Error).message}); ${HOW}`, { cause: error });
  }
}
