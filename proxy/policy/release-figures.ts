// What an instance's counts say of its configuration: how many attempts it saw, and how many of them failed. Answers of
// 5xx count whoever gave them, and so does every refusal and failure of the proxy's own that is not the client's fault.
// The share is only ever compared with what the version before had, so what fails anyway weighs nothing.

import { type ReasonName, REASONS } from "./reasons.ts";

export interface ReleaseFigures {
  /** Requests, and connections that were refused before their first. */
  readonly attempts: number;
  readonly errors: number;
}

/** Of one direction. */
export interface CountedTraffic {
  readonly requests: number;
  readonly responses: { readonly "5xx": number };
  readonly reasons: Readonly<Partial<Record<ReasonName, number>>>;
}

export function releaseFigures(directions: Iterable<CountedTraffic>): ReleaseFigures {
  let attempts = 0;
  let errors = 0;
  for (const { requests, responses, reasons } of directions) {
    attempts += requests;
    errors += responses["5xx"];
    for (const [name, count] of Object.entries(reasons) as [ReasonName, number][]) {
      if (CONNECTION_REASONS.has(name)) attempts += count;
      if (isOurs(name)) errors += count;
    }
  }
  return { attempts, errors };
}

/** Between two looks; nothing where counters began anew. */
export function figuresSince(before: ReleaseFigures, now: ReleaseFigures): ReleaseFigures {
  return {
    attempts: Math.max(0, now.attempts - before.attempts),
    errors: Math.max(0, now.errors - before.errors),
  };
}

const CONNECTION_REASONS: ReadonlySet<ReasonName> = new Set([
  "connectionsLimited",
  "descriptorsLimited",
  "sourceLimited",
]);

const CLIENTS_FAULTS: ReadonlySet<ReasonName> = new Set([
  "sourceUnknown",
  "notAProxyRequest",
  "connectUnsupported",
  "malformedRequest",
  "ambiguousRequest",
  "headersTooLarge",
  "requestTimeout",
  "codingUnsupported",
  "clientAborted",
]);

/** Those with an answer of 5xx are among the answers already. */
function isOurs(name: ReasonName): boolean {
  return !CLIENTS_FAULTS.has(name) && (REASONS[name].statusCode ?? 0) < 500;
}
