// Whether a request may be sent again when its first connection turned out dead: if it has no body, and repeating it is
// harmless by its method (RFC 9110 §9.2.2).

import type { RequestHead } from "./request-head.ts";

export function isRepeatable({ method, framing }: Pick<RequestHead, "method" | "framing">): boolean {
  return framing === "none" && IDEMPOTENT_METHODS.has(method);
}

const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
