// What the API server answers when it refuses: a Status object, or whatever a proxy before it says.

import { OperationError } from "#runtime/operation-error.ts";

export interface StatusCause {
  /** Machine-readable, for example "NodeCapacity" or "FieldManagerConflict". */
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface ApiErrorFields {
  /** HTTP status code. */
  readonly status: number;
  /** The API's word for it, for example "Conflict"; see metav1.StatusReason. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
}

/** A refusal by the API server. Its code is "Kube" followed by the reason, for example "KubeConflict". */
export class KubeApiError extends OperationError {
  readonly status: number;
  readonly reason: string;
  /** How long the server asked to be left alone; undefined if it did not. */
  readonly retryAfterSeconds: number | undefined;
  readonly causes: readonly StatusCause[];

  constructor(fields: ApiErrorFields) {
    super(`Kube${fields.reason}`, fields.message);
    this.status = fields.status;
    this.reason = fields.reason;
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.causes = fields.causes ?? [];
  }
}

/** The error for an answer outside 2xx. `body` is its text, usually a Status object in JSON. */
export function apiErrorFromResponse(
  status: number,
  body: string,
  retryAfterHeader: string | undefined,
): KubeApiError {
  const header = retryAfterHeader === undefined ? Number.NaN : Number(retryAfterHeader);
  const retryAfterSeconds = Number.isFinite(header) && header >= 0 ? header : undefined;
  const parsed = parseObject(body);
  if (parsed?.["kind"] === "Status") {
    const error = apiErrorFromStatus({ code: status, ...parsed });
    return error.retryAfterSeconds !== undefined || retryAfterSeconds === undefined
      ? error
      : new KubeApiError({ ...fieldsOf(error), retryAfterSeconds });
  }
  // Berth's own parts, reached through the API server, say {"error": "…"}: that sentence is all there is to tell.
  if (typeof parsed?.["error"] === "string") {
    const message = parsed["error"].slice(0, MESSAGE_CHARACTERS_MAX);
    return new KubeApiError({ status, reason: reasonOfStatus(status), message, retryAfterSeconds });
  }
  const text = body.trim().slice(0, MESSAGE_CHARACTERS_MAX);
  const message = `HTTP ${status} from the API server${text === "" ? "" : `: ${text}`}`;
  return new KubeApiError({ status, reason: reasonOfStatus(status), message, retryAfterSeconds });
}

/** The error a Status object describes: a refusal's body, or the object of a watch's ERROR event. */
export function apiErrorFromStatus(raw: unknown): KubeApiError {
  const status = asObject(raw);
  const details = asObject(status["details"]);
  const code = typeof status["code"] === "number" ? status["code"] : 500;
  const reason = text(status["reason"]);
  const retryAfter = details["retryAfterSeconds"];
  return new KubeApiError({
    status: code,
    reason: reason === "" ? reasonOfStatus(code) : reason,
    message: text(status["message"]).slice(0, MESSAGE_CHARACTERS_MAX) || `HTTP ${code} from the API server`,
    retryAfterSeconds: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined,
    causes: Array.isArray(details["causes"])
      ? details["causes"].slice(0, CAUSES_MAX).map(causeFrom)
      : undefined,
  });
}

/** The object is not there. */
export function isNotFound(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.status === 404;
}

/** The object was written by somebody else since it was read, or a field belongs to another manager. */
export function isConflict(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.reason === "Conflict";
}

/** An object of that name is already there. */
export function isAlreadyExists(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.reason === "AlreadyExists";
}

/** The resourceVersion or continue token is older than the server's history: list anew. */
export function isExpired(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.status === 410;
}

function fieldsOf(error: KubeApiError): ApiErrorFields {
  const { status, reason, message, causes } = error;
  return { status, reason, message, causes };
}

function causeFrom(raw: unknown): StatusCause {
  const cause = asObject(raw);
  return { reason: text(cause["reason"]), message: text(cause["message"]), field: text(cause["field"]) };
}

function reasonOfStatus(status: number): string {
  return REASONS[status] ?? "Unknown";
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(body));
  } catch {
    // Not JSON: the caller puts the text itself into the message.
    return undefined;
  }
}

function asObject(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}

function text(raw: unknown): string {
  return typeof raw === "string" ? raw : "";
}

// Where the answer carries no Status, the reasons the API itself uses for these codes.
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

// Admission messages run to a few hundred characters; more would only fill logs.
const MESSAGE_CHARACTERS_MAX = 1_024;
// A validation error names a handful of fields; a hostile webhook could name thousands.
const CAUSES_MAX = 32;
