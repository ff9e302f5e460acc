// Refusals in the shape Kubernetes gives them: a Status object with a reason that clients match on.
// Source of codes and texts' meaning: k8s.io/apimachinery/pkg/api/errors/errors.go.

import type { JsonObject } from "./json.ts";
import { qualifiedName } from "./resource-table.ts";
import type { ResourceType } from "./resource-table.ts";

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface Refusal {
  readonly code: number;
  /** Absent where the server itself gives none. */
  readonly reason?: string;
  readonly message: string;
  readonly details?: JsonObject | undefined;
}

/** An answer other than success; `body` is what goes over the wire. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly body: JsonObject;

  constructor({ code, reason, message, details }: Refusal) {
    super(message);
    this.code = code;
    this.reason = reason ?? "";
    this.body = statusBody({
      status: "Failure",
      message,
      ...(reason !== undefined && { reason }),
      details,
      code,
    });
  }
}

/** A Status object; absent parts are left out as Go's omitempty does. */
export function statusBody(fields: JsonObject): JsonObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, ...fields };
}

export function badRequest(message: string): ApiError {
  return new ApiError({ code: 400, reason: "BadRequest", message });
}

export function notFound(type: ResourceType, name: string): ApiError {
  const message = `${qualifiedName(type)} "${name}" not found`;
  return new ApiError({ code: 404, reason: "NotFound", message, details: detailsOf(type, name) });
}

/** The path is well-formed and names nothing that is served. */
export function unknownResource(): ApiError {
  const message = "the server could not find the requested resource";
  return new ApiError({ code: 404, reason: "NotFound", message, details: {} });
}

export function methodNotAllowed(): ApiError {
  const message = "the server does not allow this method on the requested resource";
  return new ApiError({ code: 405, reason: "MethodNotAllowed", message, details: {} });
}

export function alreadyExists(type: ResourceType, name: string): ApiError {
  const message = `${qualifiedName(type)} "${name}" already exists`;
  return new ApiError({ code: 409, reason: "AlreadyExists", message, details: detailsOf(type, name) });
}

/** Somebody else was first; `explanation` says what does not fit any more. */
export function conflict(type: ResourceType, name: string, explanation = OBJECT_MODIFIED): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${explanation}`;
  return new ApiError({ code: 409, reason: "Conflict", message, details: detailsOf(type, name) });
}

export function forbidden(object: ResourceType, name: string, why: ForbiddenReason): ApiError {
  const message = `${qualifiedName(object)} "${name}" is forbidden: ${why.message}`;
  const details = { ...detailsOf(object, name), ...(why.causes && { causes: causesJson(why.causes) }) };
  return new ApiError({ code: 403, reason: "Forbidden", message, details });
}

interface ForbiddenReason {
  readonly message: string;
  readonly causes?: readonly StatusCause[];
}

export function invalid(type: ResourceType, name: string, causes: readonly StatusCause[]): ApiError {
  const texts = causes.map((cause) => `${cause.field ?? ""}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const details = { name, group: type.group, kind: type.kind, causes: causesJson(causes) };
  const qualifiedKind = type.group === "" ? type.kind : `${type.kind}.${type.group}`;
  const message = `${qualifiedKind} "${name}" is invalid: ${list}`;
  return new ApiError({ code: 422, reason: "Invalid", message, details });
}

/** A patch that is well-formed and cannot be carried out on the object as it is. */
export function unprocessablePatch(message: string): ApiError {
  return new ApiError({ code: 422, reason: "Invalid", message, details: {} });
}

export function expired(message: string): ApiError {
  return new ApiError({ code: 410, reason: "Expired", message });
}

export function tooLarge(limit: string): ApiError {
  const message = `Request entity too large: limit is ${limit}`;
  return new ApiError({ code: 413, reason: "RequestEntityTooLarge", message });
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new ApiError({ code: 415, reason: "UnsupportedMediaType", message });
}

export function tooManyRequests(message: string): ApiError {
  const details = { retryAfterSeconds: RETRY_AFTER_SECONDS };
  return new ApiError({ code: 429, reason: "TooManyRequests", message, details });
}

export function internalError(message: string): ApiError {
  const details = { causes: [{ message }] };
  return new ApiError({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details,
  });
}

/** What the server answers where its own code returns an error that is no API error. */
export function plainError(message: string): ApiError {
  return new ApiError({ code: 500, message });
}

/** The client knows a later state than this server, as after the server lost its memory. */
export function resourceVersionTooLarge(requested: number, current: number): ApiError {
  const message = `Too large resource version: ${requested}, current: ${current}`;
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  const details = { causes, retryAfterSeconds: RETRY_AFTER_SECONDS };
  return new ApiError({ code: 504, reason: "Timeout", message: `Timeout: ${message}`, details });
}

/** Server-side apply met fields that belong to others. */
export function applyConflict(causes: readonly StatusCause[]): ApiError {
  const details = { causes: causesJson(causes) };
  const plural = causes.length === 1 ? "" : "s";
  const texts = causes.map((cause) => `${cause.message}: ${cause.field}`).join("\n- ");
  const message = `Apply failed with ${causes.length} conflict${plural}: ${texts}`;
  return new ApiError({ code: 409, reason: "Conflict", message, details });
}

export const RETRY_AFTER_SECONDS = 1;

const OBJECT_MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

function detailsOf(type: ResourceType, name: string): JsonObject {
  return { name, ...(type.group !== "" && { group: type.group }), kind: type.plural };
}

function causesJson(causes: readonly StatusCause[]): JsonObject[] {
  return causes.map((cause) => ({ ...cause }));
}
