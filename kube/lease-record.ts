// Who leads, by a Lease: what its record says, and what one candidate does about it. Pure; lease.ts carries it out.
// Follows client-go's leader election: a record's age counts from when this candidate first saw it, on its own clock,
// because the holder's clock cannot be trusted.

import { OperationError } from "#runtime/operation-error.ts";

export interface LeaseRecord {
  /** Empty after a release. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** MicroTime strings, compared but never interpreted. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
}

export interface ObservedLease {
  readonly record: LeaseRecord;
  /** When this content was first seen, on the observer's clock. */
  readonly observedMs: number;
}

export type LeaseDecision = "acquire" | "renew" | "wait";

/** `observed` is undefined where no Lease exists. */
export function decideLease(
  observed: ObservedLease | undefined,
  candidate: { readonly identity: string; readonly nowMs: number },
): LeaseDecision {
  if (observed === undefined) return "acquire";
  const { record, observedMs } = observed;
  if (record.holder === candidate.identity) return "renew";
  const isExpired = candidate.nowMs >= observedMs + record.durationSeconds * 1_000;
  return record.holder === "" || isExpired ? "acquire" : "wait";
}

/** Keeps the time of the first sight for as long as the content stays the same. */
export function observeLease(
  previous: ObservedLease | undefined,
  record: LeaseRecord,
  nowMs: number,
): ObservedLease {
  return previous !== undefined && isSameRecord(previous.record, record)
    ? previous
    : { record, observedMs: nowMs };
}

/** The record that carries out an "acquire" or a "renew". */
export function heldRecord(
  previous: LeaseRecord | undefined,
  holding: { readonly identity: string; readonly durationSeconds: number; readonly nowMs: number },
): LeaseRecord {
  const { identity, durationSeconds, nowMs } = holding;
  const isRenewal = previous?.holder === identity;
  return {
    holder: identity,
    durationSeconds,
    acquireTime: isRenewal && previous.acquireTime !== "" ? previous.acquireTime : microTime(nowMs),
    renewTime: microTime(nowMs),
    transitions: previous === undefined ? 0 : previous.transitions + (isRenewal ? 0 : 1),
  };
}

/** The record that gives the lease up: nobody's, and over within a second for those who read the duration only. */
export function releasedRecord(previous: LeaseRecord, nowMs: number): LeaseRecord {
  const time = microTime(nowMs);
  return { ...previous, holder: "", durationSeconds: 1, acquireTime: time, renewTime: time };
}

/** The spec of a coordination.k8s.io/v1 Lease. */
export function leaseSpec(record: LeaseRecord): Readonly<Record<string, unknown>> {
  return {
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationSeconds,
    acquireTime: record.acquireTime,
    renewTime: record.renewTime,
    leaseTransitions: record.transitions,
  };
}

/** @throws OperationError KubeMalformed if the answer is not a Lease. An empty spec is a lease nobody holds. */
export function leaseRecordOf(raw: unknown): LeaseRecord {
  if (typeof raw !== "object" || raw === null) {
    throw new OperationError("KubeMalformed", "the answer is not a Lease");
  }
  const spec = (raw as { readonly spec?: Readonly<Record<string, unknown>> | null }).spec ?? {};
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec;
  return {
    holder: typeof holderIdentity === "string" ? holderIdentity : "",
    durationSeconds: typeof leaseDurationSeconds === "number" ? leaseDurationSeconds : 0,
    acquireTime: typeof acquireTime === "string" ? acquireTime : "",
    renewTime: typeof renewTime === "string" ? renewTime : "",
    transitions: typeof leaseTransitions === "number" ? leaseTransitions : 0,
  };
}

/** Kubernetes' MicroTime: RFC 3339 with exactly six fraction digits; the API server refuses three. */
export function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}

function isSameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  return (
    a.holder === b.holder &&
    a.durationSeconds === b.durationSeconds &&
    a.acquireTime === b.acquireTime &&
    a.renewTime === b.renewTime &&
    a.transitions === b.transitions
  );
}
