// One request as the verbs see it, read from HTTP within stated limits; and the answer they give.

import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import { ApiError, badRequest, tooLarge, unsupportedMediaType } from "./api-error.ts";
import { isJsonObject } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ResourceRoute } from "./route.ts";

export interface ApiRequest {
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
  /** Without parameters, lower case; empty if none was sent. */
  readonly contentType: string;
  readonly body: string;
  /** Who managedFields names: the fieldManager parameter, else the client's product name. */
  readonly manager: string;
  readonly isDryRun: boolean;
  /** Unknown fields are refused instead of dropped. */
  readonly isStrict: boolean;
}

export interface ApiAnswer {
  readonly code: number;
  /** A JSON document. */
  readonly text: string;
  readonly warnings?: readonly string[];
}

/** Reads the rest of a request whose path is understood. */
export async function readApiRequest(
  incoming: IncomingMessage,
  route: ResourceRoute,
  query: URLSearchParams,
): Promise<ApiRequest> {
  const [mediaType = ""] = (incoming.headers["content-type"] ?? "").split(";");
  const [product = ""] = (incoming.headers["user-agent"] ?? "").split("/");
  const dryRun = query.get("dryRun");
  if (dryRun !== null && dryRun !== "All") throw badRequest(`invalid dryRun value: "${dryRun}"`);
  return {
    route,
    query,
    contentType: mediaType.trim().toLowerCase(),
    body: await readBody(incoming),
    manager: (query.get("fieldManager") || product.trim() || "unknown").slice(0, MANAGER_LENGTH_MAX),
    isDryRun: dryRun === "All",
    isStrict: query.get("fieldValidation") === "Strict",
  };
}

/**
 * The request's body as an object; JSON, or YAML where the content type says so.
 *
 * @throws ApiError BadRequest for text that does not parse, UnsupportedMediaType for another encoding.
 */
export function bodyObject({ body, contentType }: ApiRequest): JsonObject {
  const value = contentType.endsWith("yaml") ? parseYamlBody(body) : parseJsonBody(body, contentType);
  if (!isJsonObject(value)) throw badRequest("couldn't get version/kind; the body is not an object");
  return value;
}

/**
 * @throws ApiError BadRequest
 */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** YAML, of which JSON is a part. */
export function parseYamlBody(text: string): Json {
  try {
    return text.trimStart().startsWith("{") ? parseJson(text) : (parseYaml(text) as Json);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}

// As kube-apiserver's MaxRequestBodyBytes.
const BODY_BYTES_MAX = 3 * 1024 * 1024;
// As kube-apiserver's validation of fieldManager.
const MANAGER_LENGTH_MAX = 128;

function parseJsonBody(body: string, contentType: string): Json {
  if (contentType !== "" && contentType !== "application/json") {
    throw unsupportedMediaType(["application/json", "application/yaml"]);
  }
  return parseJson(body);
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge(String(BODY_BYTES_MAX));
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
