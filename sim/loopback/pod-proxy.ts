// GET /api/v1/namespaces/NS/pods/NAME:PORT/proxy/…: passed on to whoever serves that port of the pod. A simulated fleet's
// pods have no network, so who that is comes from the composition root; the name need not be that of a stored pod, since
// a component that runs beside the fleet has none.

import { request } from "undici";
import { ApiError } from "./api-error.ts";

export interface PodPort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** The base URL of what serves a pod's port; undefined if nobody does. */
export type PodReach = (podPort: PodPort) => string | undefined;

export interface ProxiedAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly text: string;
}

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/proxy(\/.*)$/;
const NAME_AND_PORT = /^(.+):(\d{1,5})$/;
/** As long as the longest question of a command waits. */
const ANSWER_MS_MAX = 10_000;

/**
 * What the pod answers; undefined for a path that is no such question.
 *
 * @throws ApiError if nobody serves the port, or does not answer.
 */
export async function proxiedToPod(
  pathname: string,
  search: string,
  reach: PodReach,
): Promise<ProxiedAnswer | undefined> {
  const [, namespace, segment, rest = "/"] = PATH.exec(pathname) ?? [];
  if (namespace === undefined || segment === undefined) return undefined;
  const nameAndPort = decodedSegment(segment);
  const [, name = "", port] = NAME_AND_PORT.exec(nameAndPort) ?? [];
  const base = port === undefined ? undefined : reach({ namespace, name, port: Number(port) });
  if (base === undefined) throw unreachable(`nothing serves ${namespace}/${nameAndPort}`);
  try {
    const limits = { headersTimeout: ANSWER_MS_MAX, bodyTimeout: ANSWER_MS_MAX };
    const { statusCode, headers, body } = await request(`${base}${rest}${search}`, limits);
    const contentType = String(headers["content-type"] ?? "text/plain; charset=utf-8");
    return { code: statusCode, contentType, text: await body.text() };
  } catch (error) {
    throw unreachable(`error trying to reach ${namespace}/${nameAndPort}: ${(error as Error).message}`);
  }
}

function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A malformed escape names nothing that is served.
    return segment;
  }
}

// As kube-apiserver answers where the pod does not.
function unreachable(message: string): ApiError {
  return new ApiError({ code: 503, reason: "ServiceUnavailable", message });
}
