// Questions of commands to the parts of Berth that run: to the leader of a component or to a node's proxy through the API
// server, or directly at an address. Only leaders have learned and decided anything.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LEASES, PODS, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { LedPart } from "./part-ports.ts";

export interface PartQuestion {
  readonly part: LedPart;
  /** Where the part is installed. */
  readonly namespace: string;
  /** Below the part's port, with a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
}

const ANSWER_MS_MAX = 10_000;

/**
 * What the part's leader answers, as parsed JSON.
 *
 * @throws UsageError if nobody leads; OperationError for everything that the API server or the leader refuses.
 */
export async function askLeader(
  connection: Pick<KubeConnection, "get">,
  { part, namespace, path, query }: PartQuestion,
): Promise<unknown> {
  return connection.get(await leaderPath(connection, { part, namespace, path }), query);
}

/**
 * Where the API server has what the part's leader answers.
 *
 * @throws what `askLeader` throws.
 */
export async function leaderPath(
  connection: Pick<KubeConnection, "get">,
  { part, namespace, path }: Omit<PartQuestion, "query">,
): Promise<string> {
  const leader = await leaderOf(connection, part, namespace);
  const name = `${leader}:${part.port}`;
  return `${resourcePath({ ...PODS, namespace, name, subresource: "proxy" })}${path}`;
}

/**
 * The same asked of an address, such as that of a process beside kube-scheduler.
 *
 * @param url of the part's health and metrics.
 * @throws OperationError if it does not answer, or anything but 200.
 */
export async function askAt(url: string, question: Omit<PartQuestion, "namespace">): Promise<unknown> {
  return JSON.parse(await textAt(url, question)) as unknown;
}

/** The same for an answer that is no JSON, such as that of a health check. */
export async function textAt(
  url: string,
  { part, path, query = {} }: Omit<PartQuestion, "namespace">,
): Promise<string> {
  const address = new URL(path, url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : message;
    throw new OperationError("PartUnreachable", `the ${part.name} at ${url} does not answer (${why})`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (!response.ok) throw new OperationError("PartRefused", errorIn(text));
  return text;
}

async function leaderOf(
  connection: Pick<KubeConnection, "get">,
  { name, lease }: LedPart,
  namespace: string,
): Promise<string> {
  const nobody = (cause?: unknown): UsageError =>
    new UsageError(`no ${name} leads in namespace ${namespace}: berth doctor says more`, { cause });
  try {
    const path = resourcePath({ ...LEASES, namespace, name: lease });
    const { spec } = (await connection.get(path)) as { readonly spec?: { readonly holderIdentity?: string } };
    const holder = spec?.holderIdentity ?? "";
    if (holder === "") throw nobody();
    return holder;
  } catch (error) {
    throw isNotFound(error) ? nobody(error) : error;
  }
}

// As Berth's interfaces say it: {"error": "…"}.
function errorIn(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly error?: unknown }).error ?? text);
  } catch {
    // Something else answers there: its words are all there is.
    return text;
  }
}
