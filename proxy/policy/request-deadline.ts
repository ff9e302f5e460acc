// How long a request may take until its answer begins: as long as its sender says, and no longer than the app's profile
// allows. There is no standard field for it in HTTP/1.1; the name is Envoy's, which clients of other meshes send already
// (docs/decisions/0035). What is left of it is passed on, so that nobody works for somebody who has stopped waiting.

/**
 * @param asked what the field says, in milliseconds; anything but a whole number above 0 counts as nothing said.
 * @returns undefined where nobody sets a limit.
 */
export function requestDeadlineMs(
  asked: string | undefined,
  allowedMs: number | undefined,
): number | undefined {
  const askedMs = asked !== undefined && WHOLE.test(asked) ? Number(asked) : Number.POSITIVE_INFINITY;
  const deadlineMs = Math.min(askedMs, allowedMs ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(deadlineMs) ? Math.min(deadlineMs, DEADLINE_MS_MAX) : undefined;
}

const WHOLE = /^[1-9][0-9]{0,8}$/;
/** A day. */
const DEADLINE_MS_MAX = 86_400_000;
